import { COUNT } from '../arguments'
import { requireArgument, requireFunction } from '../topology-arguments'
import type { Aggregator, Initializer, Reducer } from '../operators/callbacks'
import { long } from '../serdes/numbers'
import type { StreamAggregation } from '../topology/graph/stream-nodes'
import { CogroupedKStream } from './cogroup/cogrouped-kstream'
import { CogroupedStreams } from './cogroup/cogrouped-streams'
import { GroupedSource } from './grouped-source'
import type { KStream } from './kstream'
import { KTable } from './ktable'
import { LATE_RECORDS, type LateRecords } from './options/late-records'
import {
  EXPIRING_MATERIALIZED,
  type ExpiringMaterializedAs,
  expiryOf,
  type Materialized,
  materializedStore,
  type ResolvedMaterialized,
  resolveMaterialized,
} from './options/materialized'
import { RANKED, type RankedBy } from './options/ranked'
import { append, type GraphReference, valuesOf, withoutNulls } from './graph-reference'
import { SessionWindowedKStream } from './session-windowed-kstream'
import { TimeWindowedKStream } from './time-windowed-kstream'
import { SessionWindows } from './windows/session-windows'
import { windowShape, type WindowsOfSize } from './windows/window-shape'

/**
 * A stream grouped by key, to be aggregated. Several aggregations of one group share its repartition topic if the
 * grouping has a name. Records with a `null` key are dropped, and, except by windowed aggregations, those with a `null` value.
 */
export class KGroupedStream<K, V> {
  /** @internal */
  readonly source: GroupedSource<K, V>

  /** @internal */
  constructor(position: GraphReference<K, V>, name: string | undefined) {
    this.source = new GroupedSource(position, name)
  }

  /**
   * Counts the records of each key.
   *
   * @example
   * words.groupBy((word) => word).count({ store: 'counts' }).toStream().to('word-counts', { value: serdes.long() })
   */
  count(materialized?: ExpiringMaterializedAs<K, number>): KTable<K, number> {
    requireArgument(materialized, EXPIRING_MATERIALIZED, 'count', 'materialized')
    const options = resolveMaterialized(materialized)
    // Kafka Streams takes an index for a store here that it then names again.
    if (options.given && options.store === undefined) this.source.position.context.naming.skip()
    return this.aggregated(
      'KSTREAM-AGGREGATE-',
      { ...options, valueSerde: options.valueSerde ?? long() },
      { kind: 'count' },
    )
  }

  /**
   * Combines the values of each key. The first one becomes the aggregate; `null` deletes.
   *
   * @example
   * readings.groupByKey().reduce((highest, reading) => (reading.value > highest.value ? reading : highest))
   */
  reduce(
    reducer: Reducer<NonNullable<V>>,
    materialized?: ExpiringMaterializedAs<K, NonNullable<V>>,
  ): KTable<K, NonNullable<V>> {
    requireFunction(reducer, 'reduce', 'a reducer')
    requireArgument(materialized, EXPIRING_MATERIALIZED, 'reduce', 'materialized')
    const options = resolveMaterialized(materialized)
    const valueSerde = options.valueSerde ?? withoutNulls(this.source.position).valueSerde
    return this.aggregated('KSTREAM-REDUCE-', { ...options, valueSerde }, { kind: 'reduce', reducer })
  }

  /**
   * Aggregates the values of each key into a value of any type. `null` deletes; the next record starts over.
   *
   * @example
   * orders.groupByKey().aggregate(() => 0, (total, order) => total + order.amount, { store: 'spend', value: serdes.double() })
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    aggregator: Aggregator<K, NonNullable<V>, VR>,
    materialized?: ExpiringMaterializedAs<K, VR>,
  ): KTable<K, VR> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireFunction(aggregator, 'aggregate', 'an aggregator')
    requireArgument(materialized, EXPIRING_MATERIALIZED, 'aggregate', 'materialized')
    const aggregation = { kind: 'aggregate', initializer, aggregator } as const
    return this.aggregated('KSTREAM-AGGREGATE-', resolveMaterialized(materialized), aggregation)
  }

  /**
   * The `n` values of each key that rank highest, the highest first; of the same rank, those that came first. A list is updated only when
   * a record is one of the best: the store has no others.
   *
   * @example
   * orders.groupByKey().topN(3, { by: (order) => order.amount, store: 'largest-orders' })
   */
  topN(
    n: number,
    options: RankedBy<K, NonNullable<V>> & Materialized<K, NonNullable<V>[]>,
  ): KTable<K, NonNullable<V>[]> {
    requireArgument(n, COUNT, 'topN', 'n')
    requireArgument(options, RANKED, 'topN', 'options')
    const { by, ...materialized } = options
    const resolved = resolveMaterialized(materialized)
    const valueSerde = resolved.valueSerde ?? valuesOf(withoutNulls(this.source.position))
    return this.aggregated('KSTREAM-TOPN-', { ...resolved, valueSerde }, { kind: 'top-n', n, by })
  }

  /**
   * Also groups by window: an aggregation then has a value for each key and window.
   *
   * A record that comes after a window of its own has closed is dropped there, or given to `late`, once; it still counts in its windows
   * that are open. Each aggregation of the result has its own late records.
   *
   * @example
   * clicks.groupByKey().windowedBy(TimeWindows.of({ size: '5m', grace: '30s' })).count({ store: 'clicks-per-5m' })
   * clicks.groupByKey().windowedBy(SessionWindows.of({ inactivityGap: '30m' })).count({ store: 'clicks-per-visit' })
   * clicks.groupByKey().windowedBy(TimeWindows.of({ size: '1h' }), { late: (records) => records.to('late-clicks') }).count()
   *
   * @throws TopologyError INVALID_ARGUMENT
   */
  windowedBy(windows: SessionWindows, options?: LateRecords<KStream<K, V>>): SessionWindowedKStream<K, V>
  windowedBy(windows: WindowsOfSize, options?: LateRecords<KStream<K, V>>): TimeWindowedKStream<K, V>
  windowedBy(
    windows: SessionWindows | WindowsOfSize,
    options: LateRecords<KStream<K, V>> = {},
  ): SessionWindowedKStream<K, V> | TimeWindowedKStream<K, V> {
    requireArgument(options, LATE_RECORDS, 'windowedBy', 'options')
    return windows instanceof SessionWindows
      ? new SessionWindowedKStream(this.source, windows, options)
      : new TimeWindowedKStream(this.source, windowShape(windows), options)
  }

  /**
   * Starts an aggregation of several grouped streams into one table, with the aggregator for the records of this one.
   *
   * @example
   * clicks
   *   .groupByKey()
   *   .cogroup<number>((score) => score + 1)
   *   .cogroup(purchases.groupByKey(), (score, purchase) => score + purchase.amount)
   *   .aggregate(() => 0, { store: 'scores', value: serdes.double() })
   */
  cogroup<A>(aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    return new CogroupedKStream<K, A>(new CogroupedStreams(this.source.position.context, [])).cogroup(this, aggregator)
  }

  private aggregated<VR>(
    prefix: string,
    options: ResolvedMaterialized<K, VR>,
    aggregation: StreamAggregation,
  ): KTable<K, VR> {
    const { position } = this.source
    const { naming } = position.context
    const store = options.store ?? naming.store(prefix)
    const name = naming.node(prefix, options.name)
    const grouped = this.source.repartitioned(store)
    const keySerde = options.keySerde ?? position.keySerde
    const { valueSerde } = options
    const builder = materializedStore(position.context, store, { ...options, keySerde }, 'may-expire')
    const expiry = expiryOf(store, { ...options, keySerde }, builder.persistent)
    const node = { kind: 'stream-aggregate', name, aggregation, store: builder, expiry } as const
    return new KTable(append(grouped, node, { name, keySerde, valueSerde }), options.store)
  }
}
