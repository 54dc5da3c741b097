import type { Predicate } from './callbacks'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { Change, type StreamRecord } from './record'
import { openTable, type TableStore } from './table-store'

/**
 * `filter` and `filterNot` of a table: a value that doesn't pass is a delete. With old values it is silent where
 * nothing was and nothing is; without them it must send a delete each time.
 */
export class TableFilterOperator<K, V> extends Operator<K, Change<V>, K, Change<V>> {
  private test: Predicate<K, V>
  private store: TableStore<K, V> | null = null
  private forwarder: ChangeForwarder<K, V> | null = null

  constructor(
    predicate: Predicate<K, V>,
    private readonly negate: boolean,
    private readonly storeName: string | null,
    private readonly options: OldValues,
  ) {
    super()
    this.test = predicate
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    this.test = context.watch(this.test)
    if (this.storeName === null) return
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change, timestamp } = record
    const newValue = this.passing(change.newValue, key)
    const oldValue = this.oldValue(change, key)
    const { sendOldValues, versionedInput } = this.options
    // of a versioned table it may be about a former value
    if (sendOldValues && !versionedInput && newValue === null && oldValue === null) return
    if (this.store === null) {
      this.context.forward(
        record.withValue(new Change(newValue, oldValue, change.isLatest || !this.options.versionedOutput)),
      )
      return
    }
    const isLatest = this.store.put(key, newValue, timestamp)
    if (isLatest !== undefined) this.forwarder!.forward(record, newValue, oldValue, timestamp, isLatest)
  }

  private oldValue(change: Change<V>, key: K): V | null {
    if (!this.options.sendOldValues) return null
    return this.store === null ? this.passing(change.oldValue, key) : (this.store.get(key)?.value ?? null)
  }

  private passing(value: V | null, key: K): V | null {
    if (value == null) return null
    return Boolean(this.test(value, key, this.context.recordContext)) !== this.negate ? value : null
  }
}
