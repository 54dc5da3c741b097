import type { Reducer } from './callbacks'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { dropNull, NULL_REASONS } from './null-records'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { openTable, type TableStore } from './table-store'
import type { DropReason } from '../record/drop-reason'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** `reduce` of a grouped stream: the first value of a key becomes the aggregate. */
export class StreamReduceOperator<K, V> extends Operator<K, V, K, Change<V>> {
  private store!: TableStore<K, V>
  private forwarder!: ChangeForwarder<K, V>

  constructor(
    private readonly storeName: string,
    private reducer: Reducer<V>,
    private readonly options: OldValues,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return NULL_REASONS
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    this.reducer = context.watch(this.reducer)
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value } = record
    if (key == null || value == null) {
      dropNull(this.context, key)
      return
    }
    const stored = this.store.get(key)
    let aggregate: V | null = value
    let timestamp = record.timestamp
    if (stored !== null) {
      aggregate = this.reducer(stored.value, value) ?? null
      if (stored.timestamp > timestamp) timestamp = stored.timestamp
    }
    const isLatest = this.store.put(key, aggregate, timestamp)
    if (isLatest === undefined) return
    this.forwarder.forward(record, aggregate, stored === null ? null : stored.value, timestamp, isLatest)
  }
}
