import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { openTable, type TableStore } from './table-store'
import type { DropReason } from '../record/drop-reason'
import { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/**
 * Reads records as updates of a table: a source table, or `toTable`. The last record of a key wins, even if its
 * timestamp is lower than the stored one's, except in a versioned store. Without a store it forwards each update with no
 * old value.
 */
export class TableSourceOperator<K, V> extends Operator<K, V, K, Change<V>> {
  private store: TableStore<K, V> | null = null
  private forwarder: ChangeForwarder<K, V> | null = null

  constructor(
    private readonly storeName: string | null,
    private readonly options: OldValues,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return ['null-key']
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    if (this.storeName === null) return
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, timestamp } = record
    if (key == null) {
      this.context.dropRecord('null-key', 'null key')
      return
    }
    const value = record.value ?? null
    if (this.store === null) {
      this.context.forward(record.withValue(new Change(value, null)))
      return
    }
    const old = this.forwarder!.wantsOldValue ? this.store.get(key) : null
    const isLatest = this.store.put(key, value, timestamp)
    if (isLatest !== undefined) this.forwarder!.forward(record, value, old?.value ?? null, timestamp, isLatest)
  }
}
