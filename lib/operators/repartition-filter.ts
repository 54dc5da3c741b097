import { Operator } from './operator'
import type { StreamRecord } from '../record/stream-record'

/**
 * Precedes each repartition sink. Records with a null key are discarded (not counted as dropped, as in Kafka Streams),
 * unless a left or outer join downstream needs them.
 */
export class RepartitionFilterOperator<K, V> extends Operator<K, V> {
  constructor(private readonly dropNullKeys: boolean) {
    super()
  }

  override get valueUse(): 'forwards' {
    return 'forwards'
  }

  process(record: StreamRecord<K, V>): void {
    if (this.dropNullKeys && record.key == null) return
    this.context.forward(record)
  }
}
