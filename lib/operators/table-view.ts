import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { openTable, type TableStore } from './table-store'
import { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** Maps each row of a table to a row of another one, or to none; the result has a store only on request. */
export abstract class TableViewOperator<K, V, VR> extends Operator<K, Change<V>, K, Change<VR>> {
  private store: TableStore<K, VR> | null = null
  private forwarder: ChangeForwarder<K, VR> | null = null

  constructor(
    private readonly storeName: string | null,
    protected readonly options: OldValues,
  ) {
    super()
  }

  override init(context: OperatorContext<K, Change<VR>>): void {
    super.init(context)
    if (this.storeName === null) return
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change, timestamp } = record
    const newValue = this.row(change.newValue, key)
    const oldValue = this.oldValue(change, key)
    if (!this.goesOn(newValue, oldValue)) return
    if (this.store === null) {
      this.context.forward(
        record.withValue(new Change(newValue, oldValue, change.isLatest || !this.options.versionedOutput)),
      )
      return
    }
    const isLatest = this.store.put(key, newValue, timestamp)
    if (isLatest !== undefined) this.forwarder!.forward(record, newValue, oldValue, timestamp, isLatest)
  }

  /** `null` is no row. */
  protected abstract view(value: V, key: K): VR | null

  /** Whether there is anything to forward. */
  protected goesOn(_newValue: VR | null, _oldValue: VR | null): boolean {
    return true
  }

  private oldValue(change: Change<V>, key: K): VR | null {
    if (!this.options.sendOldValues) return null
    return this.store === null ? this.row(change.oldValue, key) : (this.store.get(key)?.value ?? null)
  }

  private row(value: V | null, key: K): VR | null {
    return value == null ? null : this.view(value, key)
  }
}
