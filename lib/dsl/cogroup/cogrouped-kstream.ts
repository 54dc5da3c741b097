import { argumentError, requireArgument, requireFunction } from '../../topology-arguments'
import { TopologyError } from '../../errors'
import type { Aggregator, Initializer } from '../../operators/callbacks'
import { GroupedSource } from '../grouped-source'
import type { KGroupedStream } from '../kgrouped-stream'
import type { KStream } from '../kstream'
import { KTable } from '../ktable'
import { LATE_RECORDS, type LateCogroupedRecords } from '../options/late-records'
import { MATERIALIZED, type MaterializedAs, materializedStore, resolveMaterialized } from '../options/materialized'
import { aggregatorRequiringValue } from '../../topology/tombstones'
import { SessionWindows } from '../windows/session-windows'
import { windowShape, type WindowsOfSize } from '../windows/window-shape'
import type { CogroupedStreams } from './cogrouped-streams'
import { SessionWindowedCogroupedKStream } from './session-windowed-cogrouped-kstream'
import { TimeWindowedCogroupedKStream } from './time-windowed-cogrouped-kstream'

/**
 * Grouped streams that are aggregated into one table (KIP-150): each has an aggregator for its own records, and all of
 * them update the same value of a key. One store replaces a join of several tables.
 */
export class CogroupedKStream<K, A> {
  /** @internal */
  constructor(private readonly streams: CogroupedStreams<K, A>) {}

  /**
   * Adds another grouped stream, with its aggregator.
   *
   * @example
   * clicks
   *   .groupByKey()
   *   .cogroup<Profile>((profile, click) => ({ ...profile, clicks: profile.clicks + 1 }))
   *   .cogroup(purchases.groupByKey(), (profile, purchase) => ({ ...profile, spent: profile.spent + purchase.amount }))
   *   .aggregate(() => ({ clicks: 0, spent: 0 }), { store: 'profiles' })
   */
  cogroup<V>(grouped: KGroupedStream<K, V>, aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    const source = grouped?.source
    if (!(source instanceof GroupedSource)) throw argumentError(grouped, 'a grouped stream', 'cogroup', 'grouped')
    requireFunction(aggregator, 'cogroup', 'an aggregator')
    if (source.position.context !== this.streams.context) {
      throw new TopologyError('INVALID_ARGUMENT', 'streams of different StreamsBuilders cannot be cogrouped')
    }
    const requiring = aggregatorRequiringValue(source.position, aggregator)
    return new CogroupedKStream(this.streams.with(source as never, requiring as Aggregator<K, unknown, A>))
  }

  /**
   * Aggregates the values of each key. `null` deletes; the next record starts over.
   *
   * @example
   * clicks.groupByKey().cogroup<number>((n) => n + 1).cogroup(taps.groupByKey(), (n) => n + 1).aggregate(() => 0, 'actions')
   */
  aggregate(initializer: Initializer<A>, materialized?: MaterializedAs<K, A>): KTable<K, A> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireArgument(materialized, MATERIALIZED, 'aggregate', 'materialized')
    const { streams } = this
    const given = resolveMaterialized(materialized)
    const options = { ...given, keySerde: given.keySerde ?? streams.keySerde }
    const storeName = streams.storeName(options.store)
    const store = materializedStore(streams.context, storeName, options)
    const { table } = streams.aggregated<K>({
      ...options,
      takesLate: false,
      store: storeName,
      node: (name, aggregator) => {
        const aggregation = { kind: 'aggregate', initializer, aggregator } as const
        return { kind: 'stream-aggregate', name, aggregation, store }
      },
    })
    return new KTable(table, options.store)
  }

  /**
   * Also groups by window.
   *
   * @example
   * clicks
   *   .groupByKey()
   *   .cogroup<number>((n) => n + 1)
   *   .cogroup(taps.groupByKey(), (n) => n + 1)
   *   .windowedBy(TimeWindows.of({ size: '1h' }))
   *   .aggregate(() => 0)
   * cogrouped.windowedBy(TimeWindows.of({ size: '1h' }), { late: (records, position) => records.to(['late-clicks', 'late-taps'][position]!) })
   *
   * @throws TopologyError INVALID_ARGUMENT
   */
  windowedBy(
    windows: SessionWindows,
    options?: LateCogroupedRecords<KStream<K, unknown>>,
  ): SessionWindowedCogroupedKStream<K, A>
  windowedBy(
    windows: WindowsOfSize,
    options?: LateCogroupedRecords<KStream<K, unknown>>,
  ): TimeWindowedCogroupedKStream<K, A>
  windowedBy(
    windows: SessionWindows | WindowsOfSize,
    options: LateCogroupedRecords<KStream<K, unknown>> = {},
  ): SessionWindowedCogroupedKStream<K, A> | TimeWindowedCogroupedKStream<K, A> {
    requireArgument(options, LATE_RECORDS, 'windowedBy', 'options')
    return windows instanceof SessionWindows
      ? new SessionWindowedCogroupedKStream(this.streams, windows, options)
      : new TimeWindowedCogroupedKStream(this.streams, windowShape(windows), options)
  }
}
