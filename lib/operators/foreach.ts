import type { ForeachAction } from './callbacks'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { StreamRecord } from '../record/stream-record'

/** Ends a stream with a side effect; a returned promise is awaited, record by record. */
export class ForeachOperator<K, V> extends Operator<K, V, never, never> {
  private action: ForeachAction<K, V>

  constructor(action: ForeachAction<K, V>) {
    super()
    this.action = action
  }

  override init(context: OperatorContext<never, never>): void {
    super.init(context)
    this.action = context.watch(this.action, true)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    return this.action(record.value, record.key, this.context.recordContext)
  }
}
