import { Operator } from './operator'
import type { StreamRecord } from '../record/stream-record'

/** `merge`, and the target of a branch. */
export class PassThroughOperator<K, V> extends Operator<K, V> {
  override get valueUse(): 'forwards' {
    return 'forwards'
  }

  process(record: StreamRecord<K, V>): void {
    this.context.forward(record)
  }
}
