import { StreamsError } from '../errors'
import type { Reducer } from './callbacks'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { Change, StreamRecord } from './record'
import { openTable, type TableStore } from './table-store'

/** `reduce` of a grouped table: subtracts the old value, then adds the new one; the first value is taken as it is. */
export class TableReduceOperator<K, V> extends Operator<K, Change<V>, K, Change<V>> {
  private store!: TableStore<K, V>
  private forwarder!: ChangeForwarder<K, V>

  constructor(
    private readonly storeName: string,
    private adder: Reducer<V>,
    private subtractor: Reducer<V>,
    private readonly options: OldValues,
  ) {
    super()
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    this.adder = context.watch(this.adder)
    this.subtractor = context.watch(this.subtractor)
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change } = record
    if (key == null) {
      throw new StreamsError(
        'PROCESSING_FAILED',
        `reducing a table into "${this.storeName}" got an update with a null key`,
      )
    }
    const stored = this.store.get(key)
    let aggregate: V | null = null
    let timestamp = record.timestamp
    if (stored !== null) {
      aggregate = stored.value
      if (stored.timestamp > timestamp) timestamp = stored.timestamp
      if (change.oldValue != null) aggregate = this.subtractor(aggregate, change.oldValue) ?? null
    }
    if (change.newValue != null) {
      aggregate = aggregate === null ? change.newValue : (this.adder(aggregate, change.newValue) ?? null)
    }
    const isLatest = this.store.put(key, aggregate, timestamp)
    if (isLatest === undefined) return
    this.forwarder.forward(record, aggregate, stored === null ? null : stored.value, timestamp, isLatest)
  }
}
