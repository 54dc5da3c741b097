import { Operator } from './operator'
import type { StreamRecord } from '../record/stream-record'

/** `merge`, and the target of a branch. */
export class PassThroughOperator<K, V> extends Operator<K, V> {
  process(record: StreamRecord<K, V>): void {
    this.context.forward(record)
  }
}
