import type { ValueMapper } from './callbacks'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { Change, type StreamRecord } from './record'
import { openTable, type TableStore } from './table-store'

/** `mapValues` of a table. A delete stays a delete: the mapper never sees `null`. */
export class TableMapValuesOperator<K, V, VR> extends Operator<K, Change<V>, K, Change<VR>> {
  private mapper: ValueMapper<K, V, VR | null>
  private store: TableStore<K, VR> | null = null
  private forwarder: ChangeForwarder<K, VR> | null = null

  constructor(
    mapper: ValueMapper<K, V, VR | null>,
    private readonly storeName: string | null,
    private readonly options: OldValues,
  ) {
    super()
    this.mapper = mapper
  }

  override init(context: OperatorContext<K, Change<VR>>): void {
    super.init(context)
    this.mapper = context.watch(this.mapper)
    if (this.storeName === null) return
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change, timestamp } = record
    const newValue = this.map(change.newValue, key)
    const oldValue = this.oldValue(change, key)
    if (this.store === null) {
      this.context.forward(
        record.withValue(new Change(newValue, oldValue, change.isLatest || !this.options.versionedOutput)),
      )
      return
    }
    const isLatest = this.store.put(key, newValue, timestamp)
    if (isLatest !== undefined) this.forwarder!.forward(record, newValue, oldValue, timestamp, isLatest)
  }

  private oldValue(change: Change<V>, key: K): VR | null {
    if (!this.options.sendOldValues) return null
    return this.store === null ? this.map(change.oldValue, key) : (this.store.get(key)?.value ?? null)
  }

  private map(value: V | null, key: K): VR | null {
    return value == null ? null : (this.mapper(value, key, this.context.recordContext) ?? null)
  }
}
