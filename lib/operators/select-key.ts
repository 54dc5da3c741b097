import type { ValueMapper } from './callbacks'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { StreamRecord } from '../record/stream-record'

/** `selectKey`, and the key change of a stream's `groupBy`. */
export class SelectKeyOperator<K, V, KR> extends Operator<K, V, KR, V> {
  private selector: ValueMapper<K, V, KR>

  constructor(selector: ValueMapper<K, V, KR>) {
    super()
    this.selector = selector
  }

  override init(context: OperatorContext<KR, V>): void {
    super.init(context)
    this.selector = context.watch(this.selector)
  }

  process(record: StreamRecord<K, V>): void {
    const key = this.selector(record.value, record.key, this.context.recordContext)
    this.context.forward(new StreamRecord(key, record.value, record.timestamp, record.headers))
  }
}
