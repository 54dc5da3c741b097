import type { Aggregator, Initializer } from './callbacks'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { increment, zero } from './counting'
import { dropNull, NULL_REASONS } from './null-records'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { openTable, type TableStore } from './table-store'
import type { DropReason } from '../record/drop-reason'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** `aggregate` and `count` of a grouped stream. */
export class StreamAggregateOperator<K, V, A> extends Operator<K, V, K, Change<A>> {
  private store!: TableStore<K, A>
  private forwarder!: ChangeForwarder<K, A>

  constructor(
    private readonly storeName: string,
    private initializer: Initializer<A>,
    private aggregator: Aggregator<K, V, A>,
    private readonly options: OldValues,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return NULL_REASONS
  }

  /** A count counts whatever there is. */
  override get valueUse(): 'reads' | 'ignores' {
    return (this.initializer as unknown) === zero && (this.aggregator as unknown) === increment ? 'ignores' : 'reads'
  }

  override init(context: OperatorContext<K, Change<A>>): void {
    super.init(context)
    if ((this.initializer as unknown) !== zero) this.initializer = context.watch(this.initializer)
    if ((this.aggregator as unknown) !== increment) this.aggregator = context.watch(this.aggregator)
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
    let oldAggregate: A
    let timestamp = record.timestamp
    if (stored === null) {
      oldAggregate = this.initializer()
    } else {
      oldAggregate = stored.value
      if (stored.timestamp > timestamp) timestamp = stored.timestamp
    }
    const aggregate = this.aggregator(oldAggregate, value, key) ?? null
    const isLatest = this.store.put(key, aggregate, timestamp)
    if (isLatest === undefined) return
    // the first old value is the initializer's, as in Kafka Streams: a count sends 0
    this.forwarder.forward(record, aggregate, oldAggregate ?? null, timestamp, isLatest)
  }
}
