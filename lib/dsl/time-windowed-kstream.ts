import { requireArgument, requireFunction } from '../topology-arguments'
import { TopologyError } from '../errors'
import type { Aggregator, Initializer, Reducer } from '../operators/callbacks'
import type { EmitStrategy } from '../operators/close-emission'
import { long } from '../serdes/numbers'
import { TimeWindowedSerde } from '../serdes/windowed'
import type { StreamAggregation } from '../topology/graph/stream-nodes'
import type { Windowed } from '../record/windowed'
import type { GroupedSource } from './grouped-source'
import { KStream } from './kstream'
import { KTable } from './ktable'
import { lateName, lateRecords } from './late-records'
import type { LateRecords } from './options/late-records'
import {
  type WindowMaterialized,
  WINDOW_MATERIALIZED,
  type ResolvedWindowMaterialized,
  resolveWindowMaterialized,
  type WindowMaterializedAs,
} from './options/window-materialized'
import { type RankedBy, WINDOW_RANKED } from './options/ranked'
import { aggregatorRequiringValue } from '../topology/tombstones'
import { append } from './graph-reference'
import { EMIT_STRATEGY } from './windows/emit-strategy'
import type { WindowShape } from './windows/window-shape'
import { windowTopN } from './windows/window-top-n'
import { windowedStore } from './windows/windowed-stores'

/**
 * A stream grouped by key and window, to be aggregated: over tumbling, hopping, sliding or unlimited windows. Records
 * that arrive after their window has closed are dropped.
 */
export class TimeWindowedKStream<K, V> {
  /** @internal */
  constructor(
    private readonly source: GroupedSource<K, V>,
    private readonly shape: WindowShape,
    private readonly options: LateRecords<KStream<K, V>>,
    private readonly emit: EmitStrategy = 'onWindowUpdate',
  ) {}

  /**
   * When results go downstream: with every update of a window (the default), or once, when the window has closed. Windows
   * close by the timestamps of later records; an idle stream closes none. They are looked for once per
   * `emitInterval`.
   *
   * An in-memory store drops windows when its retention ends, which by default is when they close, before they are emitted:
   * give it a `retention` longer than window and grace. One on disk does so with sliding windows if the next record is much later than
   * their close: give it a `retention` that includes the pauses between records.
   *
   * @example
   * clicks
   *   .groupByKey()
   *   .windowedBy(TimeWindows.of({ size: '5m', grace: '30s' }))
   *   .emitStrategy('onWindowClose')
   *   .count()
   *
   * @throws TopologyError INVALID_ARGUMENT: unlimited windows never close
   */
  emitStrategy(emit: EmitStrategy): TimeWindowedKStream<K, V> {
    requireArgument(emit, EMIT_STRATEGY, 'emitStrategy', 'emit')
    if (emit === 'onWindowClose' && this.shape.windowing.kind === 'unlimited') {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        "emitStrategy('onWindowClose') can't be used with UnlimitedWindows: they never close",
      )
    }
    return new TimeWindowedKStream(this.source, this.shape, this.options, emit)
  }

  /**
   * Counts the records of each key and window.
   *
   * @example
   * clicks.groupByKey().windowedBy(TimeWindows.of({ size: '1h' })).count({ store: 'clicks-per-hour' })
   */
  count(materialized?: WindowMaterializedAs<K, number>): KTable<Windowed<K>, number> {
    requireArgument(materialized, WINDOW_MATERIALIZED, 'count', 'materialized')
    const { context } = this.source.position
    const options = resolveWindowMaterialized(context, materialized)
    // Kafka Streams takes an index for a store here that it then names again; of sliding windows it does not.
    if (options.given && options.store === undefined && this.shape.windowing.kind !== 'sliding') context.naming.skip()
    const valueSerde = options.valueSerde ?? long()
    return this.aggregated('KSTREAM-AGGREGATE-', { ...options, valueSerde }, { kind: 'count' })
  }

  /**
   * Combines the values of each key and window. The first one becomes the aggregate; `null` deletes.
   *
   * @example
   * readings.groupByKey().windowedBy(TimeWindows.of({ size: '10m' })).reduce((a, b) => (a.value > b.value ? a : b))
   */
  reduce(reducer: Reducer<V>, materialized?: WindowMaterializedAs<K, V>): KTable<Windowed<K>, V> {
    requireFunction(reducer, 'reduce', 'a reducer')
    requireArgument(materialized, WINDOW_MATERIALIZED, 'reduce', 'materialized')
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
   * Aggregates the values of each key and window into a value of any type. `null` deletes.
   *
   * @example
   * orders
   *   .groupByKey()
   *   .windowedBy(TimeWindows.of({ size: '1d', grace: '1h' }))
   *   .aggregate(() => 0, (total, order) => total + order.amount, { store: 'spend-per-day', value: serdes.double() })
   */
  aggregate<VR>(
    initializer: Initializer<VR>,
    aggregator: Aggregator<K, V, VR>,
    materialized?: WindowMaterializedAs<K, VR>,
  ): KTable<Windowed<K>, VR> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireFunction(aggregator, 'aggregate', 'an aggregator')
    requireArgument(materialized, WINDOW_MATERIALIZED, 'aggregate', 'materialized')
    const options = resolveWindowMaterialized(this.source.position.context, materialized)
    const requiring = aggregatorRequiringValue(this.source.position, aggregator)
    return this.aggregated('KSTREAM-AGGREGATE-', options, { kind: 'aggregate', initializer, aggregator: requiring })
  }

  /**
   * The `n` values of each key and window that rank highest, the highest first; of the same rank, those that came first.
   *
   * @example
   * clicks.groupByKey().windowedBy(TimeWindows.of({ size: '1h' })).topN(3, { by: (click) => click.page.length, store: 'longest' })
   */
  topN(n: number, options: RankedBy<K, V> & WindowMaterialized<K, V[]>): KTable<Windowed<K>, V[]> {
    const { materialized, aggregation } = windowTopN(this.source.position, n, options, WINDOW_RANKED)
    return this.aggregated('KSTREAM-TOPN-', materialized, aggregation)
  }

  private aggregated<VR>(
    prefix: string,
    given: ResolvedWindowMaterialized<K, VR>,
    aggregation: StreamAggregation,
  ): KTable<Windowed<K>, VR> {
    const { source, shape, emit } = this
    const { context } = source.position
    const options = { ...given, keySerde: given.keySerde ?? source.position.keySerde }
    const store = options.store ?? context.naming.store(prefix)
    const name = context.naming.node(prefix, options.name)
    const builder = windowedStore(context, store, shape, options, emit)
    const grouped = source.repartitioned(store)
    const late = this.options.late && lateName(context, options.name)
    const windows = { windowing: shape.windowing, emit, late }
    const node = { kind: 'stream-aggregate', name, aggregation, store: builder, windows } as const
    const keySerde = options.keySerde && new TimeWindowedSerde(options.keySerde, shape.sizeMs)
    const table = append(grouped, node, { name, keySerde, valueSerde: options.valueSerde })
    if (late !== undefined) this.options.late!(new KStream(lateRecords(table.node, late, grouped, source.position)))
    return new KTable(table, options.store)
  }
}
