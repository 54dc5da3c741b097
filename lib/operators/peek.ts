import type { ForeachAction } from './callbacks'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { isPromise } from '../promise'
import type { StreamRecord } from '../record/stream-record'

/** Forwards the record after the action: after its promise, if it returns one. */
export class PeekOperator<K, V> extends Operator<K, V> {
  private action: ForeachAction<K, V>

  constructor(action: ForeachAction<K, V>) {
    super()
    this.action = action
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    this.action = context.watch(this.action, true)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    const pending = this.action(record.value, record.key, this.context.recordContext)
    if (isPromise(pending)) return pending.then(() => this.context.forward(record))
    this.context.forward(record)
  }
}
