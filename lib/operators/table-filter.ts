import type { Predicate } from './callbacks'
import type { OldValues } from './change-forwarder'
import type { OperatorContext } from './processor'
import { TableViewOperator } from './table-view'
import type { Change } from '../record/change'

/**
 * `filter` and `filterNot` of a table: a value that doesn't match is a delete. With old values, nothing is sent if neither
 * the old nor the new value matches; without them, a delete must be sent each time.
 */
export class TableFilterOperator<K, V> extends TableViewOperator<K, V, V> {
  constructor(
    private predicate: Predicate<K, V>,
    private readonly negate: boolean,
    storeName: string | null,
    options: OldValues,
  ) {
    super(storeName, options)
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    this.predicate = context.watch(this.predicate)
  }

  protected view(value: V, key: K): V | null {
    return Boolean(this.predicate(value, key, this.context.recordContext)) !== this.negate ? value : null
  }

  protected override goesOn(newValue: V | null, oldValue: V | null): boolean {
    const { sendOldValues, versionedInput } = this.options
    // in a versioned table it may concern an earlier value
    return !sendOldValues || versionedInput === true || newValue !== null || oldValue !== null
  }
}
