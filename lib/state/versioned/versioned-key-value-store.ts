import { BOOLEAN, DURATION, LOGGING, options as optionsOf, SERDE, STORE_NAME } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import { type Duration, toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'
import type { Serde } from '../../serdes/serde'
import type { ManagedStore, StoreBuilder, VersionedKeyValueStore } from '../store'
import { TypedVersionedStore } from './typed-versioned-store'

/** How a versioned store is kept. It has no record cache: every version counts. */
export interface VersionedKeyValueStoreOptions<K, V> {
  /** Writes and reads keys. Default: the app's default key serde. */
  readonly key?: Serde<K>
  /** Writes and reads values. Default: the app's default value serde. */
  readonly value?: Serde<V>
  /** How long earlier values can be looked up, and how late an update may arrive: later ones are dropped. */
  readonly historyRetention: Duration
  /** Earlier values are dropped in segments of this length. Default: derived from the retention, as in Kafka Streams. */
  readonly segmentInterval?: Duration
  /** Keep the store on disk. False: in memory, rebuilt at every start. Default: true. */
  readonly persistent?: boolean
  /**
   * Log changes to a changelog topic, from which the store is restored elsewhere; an object adds topic configs. False: the
   * state can't be restored. Default: true.
   */
  readonly logging?: boolean | Readonly<Record<string, string>>
}

const OPTIONS = optionsOf<VersionedKeyValueStoreOptions<unknown, unknown>>(
  {
    key: SERDE,
    value: SERDE,
    historyRetention: DURATION,
    segmentInterval: DURATION,
    persistent: BOOLEAN,
    logging: LOGGING,
  },
  ['historyRetention'],
)

/** A versioned store by name, with its types. */
export interface VersionedKeyValueStoreHandle<K, V> extends StoreBuilder<VersionedKeyValueStore<K, V>> {
  /** As given, defaults not filled in. */
  readonly options: VersionedKeyValueStoreOptions<K, V>
  /** Distinguishes it from the handles of other stores. */
  readonly versioned: true
}

/**
 * A store that keeps earlier values for `historyRetention` and inserts late updates by timestamp. A table with such a
 * store is a versioned table: table joins see only its latest values, and stream joins those that were valid at the
 * record's time.
 *
 * @example
 * const prices = versionedKeyValueStore('prices', { key: serdes.string(), value: serdes.double(), historyRetention: '1h' })
 * const table = builder.table('prices', { key: serdes.string(), value: serdes.double() }, prices)
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export const versionedKeyValueStore = <K, V>(
  name: string,
  options: VersionedKeyValueStoreOptions<K, V>,
): VersionedKeyValueStoreHandle<K, V> => {
  requireArgument(name, STORE_NAME, 'versionedKeyValueStore', 'name')
  requireArgument(options, OPTIONS, 'versionedKeyValueStore', 'options')
  const { persistent = true, logging = true, key, value } = options
  const historyRetentionMs = toMilliseconds(options.historyRetention, 'historyRetention')
  const segmentIntervalMs =
    options.segmentInterval === undefined
      ? defaultSegmentInterval(historyRetentionMs)
      : toMilliseconds(options.segmentInterval, 'segmentInterval')
  if (segmentIntervalMs === 0) {
    throw new TopologyError('INVALID_ARGUMENT', `segmentInterval of store "${name}" must be above 0`, { store: name })
  }
  return {
    name,
    options,
    versioned: true,
    persistent,
    cachingEnabled: false,
    loggingEnabled: logging !== false,
    changelogConfig: typeof logging === 'object' ? logging : {},
    changelogPolicy: { cleanup: 'compact', minCompactionLagMs: historyRetentionMs + DAY_MS },
    build: (changelogTopic): VersionedKeyValueStore<K, V> & ManagedStore =>
      new TypedVersionedStore<K, V>({
        name,
        persistent,
        historyRetentionMs,
        segmentIntervalMs,
        changelogTopic,
        keySerde: key,
        valueSerde: value,
      }),
  }
}

/** Compaction uses the wall clock, the retention event time: an extra day allows for the difference. */
const DAY_MS = 86_400_000

const defaultSegmentInterval = (retentionMs: number): number => {
  if (retentionMs <= 60_000) return Math.max(Math.floor(retentionMs / 3), 2_000)
  if (retentionMs <= 300_000) return Math.max(Math.floor(retentionMs / 5), 20_000)
  if (retentionMs <= 3_600_000) return Math.max(Math.floor(retentionMs / 12), 60_000)
  return Math.max(Math.floor(retentionMs / 24), 300_000)
}
