import { BOOLEAN, DURATION, LOGGING, options as optionsOf, SERDE, STORE_NAME } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import { type Duration, toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'
import type { Serde } from '../../serdes/serde'
import { plainFormat, timestampedFormat, type ValueFormat } from '../key-value/value-format'
import type { ManagedStore, StateStore, StoreBuilder, TimestampedWindowStore, WindowStore } from '../store'
import { windowKeyFormat } from '../timed/timed-keys'
import { TypedWindowStore } from './typed-window-store'

/** How a window store is kept. */
export interface WindowStoreOptions<K, V> {
  /** Writes and reads keys. Default: the app's default key serde. */
  readonly key?: Serde<K>
  /** Writes and reads values. Default: the app's default value serde. */
  readonly value?: Serde<V>
  /** How long windows are kept, counted back from the newest start in the store. At least `windowSize`. */
  readonly retention: Duration
  /** From a window's start to its end. */
  readonly windowSize: Duration
  /**
   * Keep every value put for a key and window, in order, instead of only the last one. Read them by a range of times: a read of one window finds the
   * value put last into the store at most, as in Kafka Streams. Default: false.
   */
  readonly retainDuplicates?: boolean
  /** Keep the store on disk, so that a restart replays only what is missing. False: in memory, rebuilt at every start. Default: true. */
  readonly persistent?: boolean
  /** Keep updates in the record cache until the next commit, and write, log and forward only the last one of a window. Default: false. */
  readonly caching?: boolean
  /**
   * Log changes to a changelog topic, from which the store is restored elsewhere; an object adds topic configs. False: the
   * state can't be restored. Default: true.
   */
  readonly logging?: boolean | Readonly<Record<string, string>>
}

const OPTIONS = optionsOf<WindowStoreOptions<unknown, unknown>>(
  {
    key: SERDE,
    value: SERDE,
    retention: DURATION,
    windowSize: DURATION,
    retainDuplicates: BOOLEAN,
    persistent: BOOLEAN,
    caching: BOOLEAN,
    logging: LOGGING,
  },
  ['retention', 'windowSize'],
)

/** A window store by name, with its types: connect it to processors and ask for it with the same handle. */
export interface WindowStoreHandle<K, V, S extends StateStore> extends StoreBuilder<S> {
  /** As given, defaults not filled in. */
  readonly options: WindowStoreOptions<K, V>
  /** Whether values are stored with the event time of their last update. */
  readonly timestamped: boolean
  /** Distinguishes it from the handles of other stores. */
  readonly kind: 'window'
}

/**
 * A store of windows: a value for each key and window start.
 *
 * @example
 * const perMinute = windowStore('per-minute', { key: serdes.string(), value: serdes.long(), retention: '1h', windowSize: '1m' })
 *
 * @throws TopologyError INVALID_ARGUMENT: a retention below the window size, caching with duplicates
 */
export const windowStore = <K, V>(
  name: string,
  options: WindowStoreOptions<K, V>,
): WindowStoreHandle<K, V, WindowStore<K, V>> => handle('windowStore', name, options, plainFormat<V>())

/**
 * A window store that keeps each value with the event time of its last update, as windowed aggregations do.
 *
 * @example
 * const hourly = timestampedWindowStore('hourly', { key: serdes.string(), value: serdes.long(), retention: '1d', windowSize: '1h' })
 * clicks.groupByKey().windowedBy(TimeWindows.of({ size: '1h' })).count(hourly)
 */
export const timestampedWindowStore = <K, V>(
  name: string,
  options: WindowStoreOptions<K, V>,
): WindowStoreHandle<K, V, TimestampedWindowStore<K, V>> =>
  handle('timestampedWindowStore', name, options, timestampedFormat<V>())

const handle = <K, V, S>(
  method: string,
  name: string,
  options: WindowStoreOptions<K, V>,
  format: ValueFormat<V, S>,
): WindowStoreHandle<K, V, WindowStore<K, S>> => {
  requireArgument(name, STORE_NAME, method, 'name')
  requireArgument(options, OPTIONS, method, 'options')
  const { caching = false, retainDuplicates = false, persistent, logging } = options
  const retentionMs = toMilliseconds(options.retention, 'retention')
  const windowSizeMs = toMilliseconds(options.windowSize, 'windowSize')
  if (retentionMs < windowSizeMs) {
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `window store "${name}": the retention of ${retentionMs} ms is below the window size of ${windowSizeMs} ms, so windows would be gone before they end`,
      { store: name },
    )
  }
  if (caching && retainDuplicates) {
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `window store "${name}" can't both retain duplicates and cache: a cache keeps only the last value of a window`,
      { store: name },
    )
  }
  const builder = windowStoreBuilder<K, V, S>({
    name,
    format,
    key: options.key,
    value: options.value,
    retentionMs,
    windowSizeMs,
    bucketMs: windowSizeMs,
    caching,
    retainDuplicates,
    persistent,
    logging,
  })
  return { ...builder, options, timestamped: format.timestamped, kind: 'window' }
}

/** A window store as the DSL creates it; its retention may be infinite. */
export interface WindowStoreSettings<K, V, S> {
  readonly name: string
  readonly format: ValueFormat<V, S>
  readonly key?: Serde<K>
  readonly value?: Serde<V>
  readonly retentionMs: number
  readonly windowSizeMs: number
  /**
   * Windows of a key that start within this interval are stored together: what is read at once should be in few of these
   * buckets, and a bucket should have few windows. It is widened if the retention would span too many.
   */
  readonly bucketMs: number
  /** Default: true. */
  readonly persistent?: boolean
  /** Default: false. */
  readonly caching?: boolean
  /** Default: true. */
  readonly logging?: boolean | Readonly<Record<string, string>>
  /** Default: false. */
  readonly retainDuplicates?: boolean
  /** The store is queried for windows that have closed. Default: false. */
  readonly emitsOnClose?: boolean
  /** The base of the changelog's retention, if that is not `retentionMs`. */
  readonly changelogRetentionMs?: number
}

/** Reads of one key's whole retention touch at most this many buckets. */
export const MOST_BUCKETS = 4096

export const windowStoreBuilder = <K, V, S>(
  settings: WindowStoreSettings<K, V, S>,
): StoreBuilder<WindowStore<K, S>> => {
  const { name, format, retentionMs, windowSizeMs, persistent = true, caching = false, logging = true } = settings
  const { retainDuplicates = false, emitsOnClose = false } = settings
  const logged = logging !== false
  return {
    name,
    persistent,
    cachingEnabled: caching,
    loggingEnabled: logged,
    changelogConfig: typeof logging === 'object' ? logging : {},
    changelogPolicy: {
      // duplicates are renumbered after a restart: compaction would treat one as a newer value of another
      cleanup: retainDuplicates ? 'delete' : 'compact,delete',
      retentionMs: settings.changelogRetentionMs ?? retentionMs,
    },
    build: (changelogTopic): WindowStore<K, S> & ManagedStore =>
      new TypedWindowStore<K, V, S>({
        name,
        persistent,
        cached: caching,
        format,
        keys: windowKeyFormat,
        changelogTopic,
        logged,
        keySerde: settings.key,
        valueSerde: settings.value,
        retentionMs,
        windowSizeMs,
        bucketMs: Math.max(settings.bucketMs, Math.ceil(retentionMs / MOST_BUCKETS), 1),
        emitsOnClose,
        showsClosing: emitsOnClose,
        closesExpired: false,
        retainDuplicates,
      }),
  }
}
