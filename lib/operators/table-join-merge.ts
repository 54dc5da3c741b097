import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { openTable, type TableStore } from './table-store'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** Merges the results of both sides of a table join, and stores them if the table has a store. */
export class TableJoinMergeOperator<K, V> extends Operator<K, Change<V>, K, Change<V>> {
  private store: TableStore<K, V> | null = null
  private forwarder: ChangeForwarder<K, V> | null = null

  constructor(
    private readonly storeName: string | null,
    private readonly options: OldValues,
  ) {
    super()
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    if (this.storeName === null) return
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    if (this.store === null) {
      this.context.forward(record)
      return
    }
    const { key, value: change, timestamp } = record
    const isLatest = this.store.put(key, change.newValue, timestamp)
    if (isLatest !== undefined) this.forwarder!.forward(record, change.newValue, change.oldValue, timestamp, isLatest)
  }
}
