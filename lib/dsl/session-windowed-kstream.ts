import { requireArgument, requireFunction } from '../topology-arguments'
import type { Aggregator, Initializer, Merger, Reducer } from '../operators/callbacks'
import type { EmitStrategy } from '../operators/close-emission'
import { long } from '../serdes/numbers'
import { SessionWindowedSerde } from '../serdes/windowed'
import type { SessionStoreHandle } from '../state/session/session-stores'
import type { SessionAggregation } from '../topology/graph/stream-nodes'
import type { Windowed } from '../record/windowed'
import type { GroupedSource } from './grouped-source'
import { KStream } from './kstream'
import { KTable } from './ktable'
import { lateName, lateRecords } from './late-records'
import type { LateRecords } from './options/late-records'
import {
  type WindowMaterialized,
  SESSION_MATERIALIZED,
  type ResolvedWindowMaterialized,
  resolveWindowMaterialized,
  type SessionMaterializedAs,
} from './options/window-materialized'
import { type RankedBy, SESSION_RANKED } from './options/ranked'
import { aggregatorRequiringValue } from '../topology/tombstones'
import { append } from './graph-reference'
import { EMIT_STRATEGY } from './windows/emit-strategy'
import type { SessionWindows } from './windows/session-windows'
import { sessionWindowing } from './windows/window-shape'
import { sessionsStore } from './windows/windowed-stores'
import { windowTopN } from './windows/window-top-n'

/**
 * A stream grouped by key and session, to be aggregated. A record may merge sessions: they are deleted from the
 * table, and the merged one is added.
 */
export class SessionWindowedKStream<K, V> {
  /** @internal */
  constructor(
    private readonly source: GroupedSource<K, V>,
    private readonly windows: SessionWindows,
    private readonly options: LateRecords<KStream<K, V>>,
    private readonly emit: EmitStrategy = 'onWindowUpdate',
  ) {}

  /**
   * When results go downstream: with every update of a session (the default), or once, when the session has closed.
   * Sessions close by the timestamps of later records; an idle stream closes none. They are looked for once per
   * `emitInterval`.
   *
   * The store drops sessions past its retention, which by default ends when they close: in memory always before they are emitted, on disk
   * if the next record is much later. Give it a `retention` longer than gap, grace and the pauses between records.
   *
   * @example
   * clicks.groupByKey().windowedBy(SessionWindows.of({ inactivityGap: '30m' })).emitStrategy('onWindowClose').count()
   *
   * @throws TopologyError INVALID_ARGUMENT
   */
  emitStrategy(emit: EmitStrategy): SessionWindowedKStream<K, V> {
    requireArgument(emit, EMIT_STRATEGY, 'emitStrategy', 'emit')
    return new SessionWindowedKStream(this.source, this.windows, this.options, emit)
  }

  /**
   * Counts the records of each session.
   *
   * @example
   * clicks.groupByKey().windowedBy(SessionWindows.of({ inactivityGap: '30m' })).count({ store: 'clicks-per-visit' })
   */
  count(materialized?: SessionMaterializedAs<K, number>): KTable<Windowed<K>, number> {
    requireArgument(materialized, SESSION_MATERIALIZED, 'count', 'materialized')
    const { context } = this.source.position
    const options = resolveWindowMaterialized(context, materialized)
    // Kafka Streams takes an index for a store here that it then names again.
    if (options.given && options.store === undefined) context.naming.skip()
    const valueSerde = options.valueSerde ?? long()
    return this.aggregated('KSTREAM-AGGREGATE-', { ...options, valueSerde }, { kind: 'count' })
  }

  /**
   * Combines the values of each session. The first one becomes the aggregate; `null` deletes.
   *
   * @example
   * clicks.groupByKey().windowedBy(SessionWindows.of({ inactivityGap: '30m' })).reduce((first) => first)
   */
  reduce(reducer: Reducer<V>, materialized?: SessionMaterializedAs<K, V>): KTable<Windowed<K>, V> {
    requireFunction(reducer, 'reduce', 'a reducer')
    requireArgument(materialized, SESSION_MATERIALIZED, 'reduce', 'materialized')
    const options = resolveWindowMaterialized(this.source.position.context, materialized)
    const valueSerde = options.valueSerde ?? this.source.position.valueSerde
    return this.aggregated(
      'KSTREAM-REDUCE-',
      { ...options, valueSerde },
      {
        kind: 'reduce',
        reducer,
        typedWithoutNull: this.source.position.typedWithoutNull,
      },
    )
  }

  /**
   * Aggregates the values of each session into a value of any type. The merger combines the aggregates of two
   * sessions; the first one that it gets is the initializer's. `null` deletes.
   *
   * @example
   * clicks
   *   .groupByKey()
   *   .windowedBy(SessionWindows.of({ inactivityGap: '30m', grace: '1m' }))
   *   .aggregate<string[]>(() => [], (pages, click) => [...pages, click.page], (a, b) => [...a, ...b], { store: 'paths' })
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    aggregator: Aggregator<K, V, VR>,
    merger: Merger<K, VR>,
    materialized?: SessionMaterializedAs<K, VR>,
  ): KTable<Windowed<K>, VR> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireFunction(aggregator, 'aggregate', 'an aggregator')
    requireFunction(merger, 'aggregate', 'a merger of sessions')
    requireArgument(materialized, SESSION_MATERIALIZED, 'aggregate', 'materialized')
    const options = resolveWindowMaterialized(this.source.position.context, materialized)
    const requiring = aggregatorRequiringValue(this.source.position, aggregator)
    const aggregation = { kind: 'aggregate', initializer, aggregator: requiring, merger } as const
    return this.aggregated('KSTREAM-AGGREGATE-', options, aggregation)
  }

  /**
   * The `n` values of each session that rank highest, the highest first; of the same rank, those that came first or, of merged sessions, those of the earlier one.
   *
   * @example
   * orders
   *   .groupByKey()
   *   .windowedBy(SessionWindows.of({ inactivityGap: '30m' }))
   *   .topN(3, { by: (order) => order.amount, store: 'largest-of-visit' })
   */
  topN(
    n: number,
    options: RankedBy<K, V> & WindowMaterialized<K, V[], SessionStoreHandle<K, V[]>>,
  ): KTable<Windowed<K>, V[]> {
    const { materialized, aggregation } = windowTopN(this.source.position, n, options, SESSION_RANKED)
    return this.aggregated('KSTREAM-TOPN-', materialized, aggregation)
  }

  private aggregated<VR>(
    prefix: string,
    given: ResolvedWindowMaterialized<K, VR>,
    aggregation: SessionAggregation,
  ): KTable<Windowed<K>, VR> {
    const { source, windows, emit } = this
    const { context } = source.position
    const options = { ...given, keySerde: given.keySerde ?? source.position.keySerde }
    const store = options.store ?? context.naming.store(prefix)
    const name = context.naming.node(prefix, options.name)
    const builder = sessionsStore(context, store, windows, options, emit)
    const grouped = source.repartitioned(store)
    const windowing = sessionWindowing(windows)
    const late = this.options.late && lateName(context, options.name)
    const node = { kind: 'session-aggregate', name, aggregation, store: builder, windowing, emit, late } as const
    const keySerde = options.keySerde && new SessionWindowedSerde(options.keySerde)
    const table = append(grouped, node, { name, keySerde, valueSerde: options.valueSerde })
    if (late !== undefined) this.options.late!(new KStream(lateRecords(table.node, late, grouped, source.position)))
    return new KTable(table, options.store)
  }
}
