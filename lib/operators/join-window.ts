import type { WindowStore } from '../state/store'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { StreamRecord } from '../record/stream-record'

/** Precedes a side of a stream–stream join: keeps its records for the other side to look up. */
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
    // first: in a self-join a record must not match itself twice
    this.context.forward(record)
    if (record.key != null) this.store.put(record.key, record.value, record.timestamp)
  }
}
