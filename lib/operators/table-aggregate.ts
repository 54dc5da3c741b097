import { StreamsError } from '../errors'
import type { Aggregator, Initializer } from './callbacks'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { decrement, increment, zero } from './counting'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { openTable, type TableStore } from './table-store'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** `aggregate` and `count` of a grouped table: subtracts the old value, then adds the new one. */
export class TableAggregateOperator<K, V, A> extends Operator<K, Change<V>, K, Change<A>> {
  private store!: TableStore<K, A>
  private forwarder!: ChangeForwarder<K, A>

  constructor(
    private readonly storeName: string,
    private initializer: Initializer<A>,
    private adder: Aggregator<K, V, A>,
    private subtractor: Aggregator<K, V, A>,
    private readonly options: OldValues,
  ) {
    super()
  }

  override init(context: OperatorContext<K, Change<A>>): void {
    super.init(context)
    if ((this.initializer as unknown) !== zero) this.initializer = context.watch(this.initializer)
    if ((this.adder as unknown) !== increment) this.adder = context.watch(this.adder)
    if ((this.subtractor as unknown) !== decrement) this.subtractor = context.watch(this.subtractor)
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change } = record
    if (key == null) {
      throw new StreamsError(
        'PROCESSING_FAILED',
        `aggregating a table into "${this.storeName}" got an update with a null key`,
      )
    }
    const stored = this.store.get(key)
    let aggregate: A | null = null
    let timestamp = record.timestamp
    if (stored !== null) {
      aggregate = stored.value
      if (stored.timestamp > timestamp) timestamp = stored.timestamp
      if (change.oldValue != null) aggregate = this.subtractor(aggregate, change.oldValue, key) ?? null
    }
    if (change.newValue != null) {
      aggregate = this.adder(aggregate ?? this.initializer(), change.newValue, key) ?? null
    }
    const isLatest = this.store.put(key, aggregate, timestamp)
    if (isLatest === undefined) return
    this.forwarder.forward(record, aggregate, stored === null ? null : stored.value, timestamp, isLatest)
  }
}
