import type { WindowStore } from '../state/store'
import type { TimeBoundStore } from '../state/time-bound-store'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { StreamRecord } from '../record/stream-record'

/** Precedes a side of a stream–stream join: keeps its records for the other side to look up. */
export class JoinWindowOperator<K, V> extends Operator<K, V> {
  private store!: WindowStore<K, V>

  constructor(
    private readonly storeName: string,
    /** The child for records that are too old to be kept. Default: they are dropped. */
    private readonly late?: string,
  ) {
    super()
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    this.store = context.stateStore(this.storeName)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value, timestamp } = record
    // first: in a self-join a record must not match itself twice
    this.context.forward(record)
    if (key == null) return
    if (this.late !== undefined && value != null && !this.keeps(timestamp)) this.context.forward(record, this.late)
    else this.store.put(key, value, timestamp)
  }

  private keeps(timestamp: number): boolean {
    return (this.store as unknown as TimeBoundStore).keeps(timestamp)
  }
}
