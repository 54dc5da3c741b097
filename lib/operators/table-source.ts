import type { TimestampedKeyValueStore } from '../state/store'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { Change, type StreamRecord } from './record'

/**
 * Reads records as updates of a table: a source table, or `toTable`. The last record of a key wins, even if its
 * timestamp is lower than the stored one's. Without a store it forwards each update with no old value.
 */
export class TableSourceOperator<K, V> extends Operator<K, V, K, Change<V>> {
  private store: TimestampedKeyValueStore<K, V> | null = null
  private forwarder: ChangeForwarder<K, V> | null = null

  constructor(
    private readonly storeName: string | null,
    private readonly options: OldValues,
  ) {
    super()
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    if (this.storeName === null) return
    this.store = context.stateStore<TimestampedKeyValueStore<K, V>>(this.storeName)
    this.forwarder = new ChangeForwarder(this.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, timestamp } = record
    if (key == null) {
      this.context.dropRecord('null key')
      return
    }
    const value = record.value ?? null
    if (this.store === null) {
      this.context.forward(record.withValue(new Change(value, null)))
      return
    }
    const old = this.forwarder!.wantsOldValue ? this.store.get(key) : null
    this.store.put(key, value === null ? null : { value, timestamp })
    this.forwarder!.forward(record, value, old === null ? null : old.value, timestamp)
  }
}
