import type { Aggregator, Initializer, Merger } from '../../operators/callbacks'
import { StreamSessionWindowAggregateOperator } from '../../operators/stream-session-window-aggregate'
import { SessionWindowedSerde } from '../../serdes/windowed'
import type { Windowed } from '../../record/windowed'
import type { KTable } from '../ktable'
import { resolveWindowMaterialized, type SessionMaterializedAs } from '../options/window-materialized'
import { requireFunction } from '../graph-reference'
import type { SessionWindows } from '../windows/session-windows'
import { sessionsStore } from '../windows/windowed-stores'
import type { CogroupedStreams } from './cogrouped-streams'

/** Grouped streams that are aggregated into one table, by key and session. */
export class SessionWindowedCogroupedKStream<K, A> {
  /** @internal */
  constructor(
    private readonly streams: CogroupedStreams<K, A>,
    private readonly windows: SessionWindows,
  ) {}

  /**
   * Adds up the values of each session; the merger makes one aggregate of those of two sessions. `null` deletes.
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
    const { streams, windows } = this
    const emit = 'onWindowUpdate'
    const given = resolveWindowMaterialized(streams.context, materialized)
    const options = { ...given, keySerde: given.keySerde ?? streams.keySerde }
    const store = streams.storeName(options.store)
    return streams.aggregated<Windowed<K>>({
      name: options.name,
      queryableStoreName: options.store,
      store: sessionsStore(streams.context, store, windows, options, emit),
      keySerde: options.keySerde && new SessionWindowedSerde(options.keySerde),
      valueSerde: options.valueSerde,
      windowGraceMs: windows.graceMs + windows.inactivityGapMs,
      operator: (aggregator, old) =>
        new StreamSessionWindowAggregateOperator<K, never, A>(
          windows,
          initializer,
          aggregator as Aggregator<K, never, A>,
          merger,
          {
            ...old,
            store,
            emit,
          },
        ),
    })
  }
}
