import { isDeepStrictEqual } from 'node:util'
import { StreamsError } from '../errors'
import type { GroupSelector } from './callbacks'
import { noPair } from './refused-results'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/**
 * `groupBy` of a table: the subtraction from the old value's group precedes the addition to
 * the new value's group, in one record if both are the same group.
 */
export class TableRepartitionMapOperator<K, V, KR, VR> extends Operator<K, Change<V>, KR, Change<VR>> {
  private selector: GroupSelector<K, V, KR, VR>

  constructor(selector: GroupSelector<K, V, KR, VR>) {
    super()
    this.selector = selector
  }

  override init(context: OperatorContext<KR, Change<VR>>): void {
    super.init(context)
    this.selector = context.watch(this.selector)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { newValue, oldValue, isLatest } = record.value
    if (record.key == null)
      throw new StreamsError('PROCESSING_FAILED', 'groupBy of a table got an update with a null key')
    if (!isLatest) return
    const add = this.select(newValue, record.key)
    const subtract = this.select(oldValue, record.key)
    if (add !== null && subtract !== null && sameKey(add[0], subtract[0])) {
      this.context.forward(record.withKey(add[0]).withValue(new Change(add[1], subtract[1])))
      return
    }
    if (subtract !== null)
      this.context.forward(record.withKey(subtract[0]).withValue(new Change<VR>(null, subtract[1])))
    if (add !== null) this.context.forward(record.withKey(add[0]).withValue(new Change<VR>(add[1], null)))
  }

  private select(value: V | null, key: K): readonly [KR, VR] | null {
    if (value == null) return null
    const pair = this.selector(value, key, this.context.recordContext)
    if (pair != null && !Array.isArray(pair)) throw noPair(pair, 'groupBy')
    return pair?.[0] == null || pair[1] == null ? null : (pair as readonly [KR, VR])
  }
}

const sameKey = (a: unknown, b: unknown): boolean => a === b || isDeepStrictEqual(a, b)
