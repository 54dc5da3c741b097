import type { Predicate } from './callbacks'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { StreamRecord } from '../record/stream-record'

/** `filter` and `filterNot` of a stream. */
export class FilterOperator<K, V> extends Operator<K, V> {
  private test: Predicate<K, V>

  constructor(
    predicate: Predicate<K, V>,
    private readonly negate: boolean,
  ) {
    super()
    this.test = predicate
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    this.test = context.watch(this.test)
  }

  process(record: StreamRecord<K, V>): void {
    if (Boolean(this.test(record.value, record.key, this.context.recordContext)) !== this.negate) {
      this.context.forward(record)
    }
  }
}
