import { requireArgument, requireFunction } from '../../topology-arguments'
import type { Initializer, Merger } from '../../operators/callbacks'
import { SessionWindowedSerde } from '../../serdes/windowed'
import type { Windowed } from '../../record/windowed'
import { KStream } from '../kstream'
import { KTable } from '../ktable'
import type { LateCogroupedRecords } from '../options/late-records'
import {
  resolveWindowMaterialized,
  type SessionMaterializedAs,
  SESSION_MATERIALIZED,
} from '../options/window-materialized'
import type { SessionWindows } from '../windows/session-windows'
import { sessionWindowing } from '../windows/window-shape'
import { sessionsStore } from '../windows/windowed-stores'
import type { CogroupedStreams } from './cogrouped-streams'

/** Grouped streams that are aggregated into one table, by key and session. */
export class SessionWindowedCogroupedKStream<K, A> {
  /** @internal */
  constructor(
    private readonly streams: CogroupedStreams<K, A>,
    private readonly windows: SessionWindows,
    private readonly options: LateCogroupedRecords<KStream<K, unknown>> = {},
  ) {}

  /**
   * Aggregates the values of each session; the merger combines the aggregates of two sessions. `null` deletes.
   *
   * @example
   * cogrouped.windowedBy(SessionWindows.of({ inactivityGap: '30m' })).aggregate(() => 0, (a, b) => a + b, 'visits')
   */
  aggregate(
    initializer: Initializer<A>,
    merger: Merger<K, A>,
    materialized?: SessionMaterializedAs<K, A>,
  ): KTable<Windowed<K>, A> {
    requireFunction(initializer, 'aggregate', 'an initializer')
    requireFunction(merger, 'aggregate', 'a merger of sessions')
    requireArgument(materialized, SESSION_MATERIALIZED, 'aggregate', 'materialized')
    const { streams, windows } = this
    const emit = 'onWindowUpdate'
    const given = resolveWindowMaterialized(streams.context, materialized)
    const options = { ...given, keySerde: given.keySerde ?? streams.keySerde }
    const storeName = streams.storeName(options.store)
    const store = sessionsStore(streams.context, storeName, windows, options, emit)
    const windowing = sessionWindowing(windows)
    const { table, late } = streams.aggregated<Windowed<K>>({
      name: options.name,
      store: storeName,
      keySerde: options.keySerde && new SessionWindowedSerde(options.keySerde),
      valueSerde: options.valueSerde,
      takesLate: this.options.late !== undefined,
      node: (name, aggregator, late) => {
        const aggregation = { kind: 'aggregate', initializer, aggregator, merger } as const
        return { kind: 'session-aggregate', name, aggregation, store, windowing, emit, late }
      },
    })
    late.forEach((records, i) => this.options.late!(new KStream(records), i))
    return new KTable(table, options.store)
  }
}
