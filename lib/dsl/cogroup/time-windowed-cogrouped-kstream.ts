import { requireArgument, requireFunction } from '../../topology-arguments'
import type { Initializer } from '../../operators/callbacks'
import { TimeWindowedSerde } from '../../serdes/windowed'
import type { Windowed } from '../../record/windowed'
import { KStream } from '../kstream'
import { KTable } from '../ktable'
import type { LateCogroupedRecords } from '../options/late-records'
import {
  resolveWindowMaterialized,
  WINDOW_MATERIALIZED,
  type WindowMaterializedAs,
} from '../options/window-materialized'
import type { WindowShape } from '../windows/window-shape'
import { windowedStore } from '../windows/windowed-stores'
import type { CogroupedStreams } from './cogrouped-streams'

/** Grouped streams that are aggregated into one table, by key and window. */
export class TimeWindowedCogroupedKStream<K, A> {
  /** @internal */
  constructor(
    private readonly streams: CogroupedStreams<K, A>,
    private readonly shape: WindowShape,
    private readonly options: LateCogroupedRecords<KStream<K, unknown>> = {},
  ) {}

  /**
   * Aggregates the values of each key and window. `null` deletes. Whether a record is late depends on the timestamps of its own
   * stream.
   *
   * @example
   * cogrouped.windowedBy(TimeWindows.of({ size: '1h', grace: '1m' })).aggregate(() => 0, { store: 'actions-per-hour' })
   */
  aggregate(initializer: Initializer<A>, materialized?: WindowMaterializedAs<K, A>): KTable<Windowed<K>, A> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireArgument(materialized, WINDOW_MATERIALIZED, 'aggregate', 'materialized')
    const { streams, shape } = this
    const emit = 'onWindowUpdate'
    const given = resolveWindowMaterialized(streams.context, materialized)
    const options = { ...given, keySerde: given.keySerde ?? streams.keySerde }
    const storeName = streams.storeName(options.store)
    const store = windowedStore(streams.context, storeName, shape, options, emit)
    const { table, late } = streams.aggregated<Windowed<K>>({
      name: options.name,
      store: storeName,
      keySerde: options.keySerde && new TimeWindowedSerde(options.keySerde, shape.sizeMs),
      valueSerde: options.valueSerde,
      takesLate: this.options.late !== undefined,
      node: (name, aggregator, late) => {
        const aggregation = { kind: 'aggregate', initializer, aggregator } as const
        return {
          kind: 'stream-aggregate',
          name,
          aggregation,
          store,
          windows: { windowing: shape.windowing, emit, late },
        }
      },
    })
    late.forEach((records, i) => this.options.late!(new KStream(records), i))
    return new KTable(table, options.store)
  }
}
