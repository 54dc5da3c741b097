import { Operator } from './operator'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** A table's updates as records; a delete is a record with a `null` value. */
export class TableToStreamOperator<K, V> extends Operator<K, Change<V>, K, V | null> {
  override get valueUse(): 'forwards' {
    return 'forwards'
  }

  process(record: StreamRecord<K, Change<V>>): void {
    this.context.forward(record.withValue(record.value.newValue))
  }
}
