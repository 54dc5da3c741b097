import type { WindowStore } from '../state/store'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { StreamRecord } from '../record/stream-record'

/** Stands before a side of a join of two streams: what has been joined is kept, for records of the other side to meet it. */
export class JoinWindowOperator<K, V> extends Operator<K, V> {
  private store!: WindowStore<K, V>

  constructor(private readonly storeName: string) {
    super()
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    this.store = context.stateStore(this.storeName)
  }

  process(record: StreamRecord<K, V>): void {
    // first: in a self-join a record must not meet itself twice
    this.context.forward(record)
    if (record.key != null) this.store.put(record.key, record.value, record.timestamp)
  }
}
