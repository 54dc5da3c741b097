import { BOOLEAN, LOGGING, optional, options as optionsOf, SERDE, STORE_NAME, WHOLE_NUMBER } from '../arguments'
import { requireArgument } from '../topology-arguments'
import type { Duration } from '../durations'
import { TopologyError } from '../errors'
import { bytes } from '../serdes/bytes'
import type { Serde } from '../serdes/serde'
import { resolveExpiry, STORE_TTL, type StoreExpiry } from './expiry/store-expiry'
import { TypedKeyValueStore } from './key-value/typed-key-value-store'
import { plainFormat, timestampedFormat, type ValueFormat } from './key-value/value-format'
import type {
  BuiltExpiry,
  ChangelogPolicy,
  KeyValueStore,
  ManagedStore,
  StateStore,
  StoreBuilder,
  TimestampedKeyValueStore,
} from './store'

/** How a key-value store is kept. */
export interface KeyValueStoreOptions<K, V> {
  /** Writes and reads keys. Default: the app's default key serde. */
  readonly key?: Serde<K>
  /** Writes and reads values. Default: the app's default value serde. */
  readonly value?: Serde<V>
  /** Keep the store on disk, so that a restart replays only what is missing. False: in memory, rebuilt at every start. Default: true. */
  readonly persistent?: boolean
  /**
   * Keep the store in memory, with at most this many keys: one more evicts the least recently read or written
   * key. Kafka Streams' `Stores.lruMap`. Default: unbounded.
   */
  readonly maxEntries?: number
  /** Keep updates in the record cache until the next commit, and write, log and forward only the last one of a key. Default: false. */
  readonly caching?: boolean
  /**
   * Log changes to a changelog topic, from which the store is restored elsewhere; an object adds topic configs. False: the
   * state can't be restored. Default: true.
   */
  readonly logging?: boolean | Readonly<Record<string, string>>
  /**
   * How long a row is kept that is not written, or with `{ after: '1h', from: 'access' }` neither written nor read by a
   * processor. When stream time is this much past its last use, rounded up to the next 64th of it, processors no longer find the row, and it
   * is deleted, with a tombstone in the changelog: at most 64 rows with each record that gets to a processor that uses the
   * store. Nothing is forwarded. For a table's store it is the table's `ttl`. Not with `maxEntries`, nor in a global store. Default: rows are kept.
   */
  readonly ttl?: Duration | StoreExpiry
}

const OPTIONS = optional(
  optionsOf<KeyValueStoreOptions<unknown, unknown>>({
    key: SERDE,
    value: SERDE,
    persistent: BOOLEAN,
    maxEntries: WHOLE_NUMBER,
    caching: BOOLEAN,
    logging: LOGGING,
    ttl: STORE_TTL,
  }),
)

/** A key-value store by name, with its types: connect it to processors and ask for it with the same handle. */
export interface KeyValueStoreHandle<K, V, S extends StateStore> extends StoreBuilder<S> {
  /** As given, defaults not filled in. */
  readonly options: KeyValueStoreOptions<K, V>
  /** Whether values are stored with the event time of their last update. */
  readonly timestamped: boolean
}

/**
 * A key-value store.
 *
 * @example
 * const seen = keyValueStore('seen', { key: serdes.string(), value: serdes.long() })
 * const recent = keyValueStore('recent', { key: serdes.string(), value: serdes.string(), maxEntries: 1000 })
 * const open = keyValueStore('open', { key: serdes.string(), value: serdes.json<Order>(), ttl: { after: '7d', from: 'access' } })
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export const keyValueStore = <K, V>(
  name: string,
  options: KeyValueStoreOptions<K, V> = {},
): KeyValueStoreHandle<K, V, KeyValueStore<K, V>> => handle('keyValueStore', name, options, plainFormat<V>())

/**
 * A key-value store that keeps each value with the event time of its last update, as tables and aggregations do.
 *
 * @example
 * const seen = timestampedKeyValueStore('seen', { key: serdes.string(), value: serdes.long() })
 */
export const timestampedKeyValueStore = <K, V>(
  name: string,
  options: KeyValueStoreOptions<K, V> = {},
): KeyValueStoreHandle<K, V, TimestampedKeyValueStore<K, V>> =>
  handle('timestampedKeyValueStore', name, options, timestampedFormat<V>())

const COMPACT: ChangelogPolicy = { cleanup: 'compact' }

const handle = <K, V, S>(
  method: string,
  name: string,
  options: KeyValueStoreOptions<K, V>,
  format: ValueFormat<V, S>,
): KeyValueStoreHandle<K, V, KeyValueStore<K, S>> => {
  requireArgument(name, STORE_NAME, method, 'name')
  requireArgument(options, OPTIONS, method, 'options')
  const { maxEntries, persistent = maxEntries === undefined, caching = false, logging = true } = options
  if (maxEntries !== undefined && persistent) throw boundedOnDisk(name)
  if (maxEntries !== undefined && options.ttl !== undefined) throw boundedTwice(name)
  const logged = logging !== false
  return {
    name,
    options,
    timestamped: format.timestamped,
    persistent,
    cachingEnabled: caching,
    loggingEnabled: logged,
    changelogConfig: typeof logging === 'object' ? logging : {},
    changelogPolicy: COMPACT,
    ...(options.ttl !== undefined && { expiry: builtExpiry(name, options.ttl, options) }),
    build: (changelogTopic): KeyValueStore<K, S> & ManagedStore =>
      new TypedKeyValueStore<K, V, S>({
        name,
        persistent,
        cached: caching,
        format,
        changelogTopic,
        logged,
        keySerde: options.key,
        valueSerde: options.value,
        maxEntries,
      }),
  }
}

const builtExpiry = <K, V>(
  store: string,
  ttl: Duration | StoreExpiry,
  { key, persistent, logging }: KeyValueStoreOptions<K, V>,
): BuiltExpiry => ({
  ...resolveExpiry(ttl),
  index: expiryIndexStore(store, { persistent, logging }),
  keySerde: key as Serde<unknown> | undefined,
})

/** The store beside one whose rows expire: it is kept alike. */
export const expiryIndexStore = (
  store: string,
  { persistent, logging }: Pick<KeyValueStoreOptions<unknown, unknown>, 'persistent' | 'logging'>,
): KeyValueStoreHandle<Buffer, Buffer, KeyValueStore<Buffer, Buffer>> =>
  keyValueStore(`${store}-expiry`, { key: bytes(), value: bytes(), persistent, logging })

const boundedTwice = (store: string): TopologyError =>
  new TopologyError(
    'INVALID_ARGUMENT',
    `store "${store}" has maxEntries and a ttl, and rows go by one of them: leave one of the two out`,
    { store },
  )

const boundedOnDisk = (store: string): TopologyError =>
  new TopologyError(
    'INVALID_ARGUMENT',
    `store "${store}" has maxEntries, and only a store in memory can be bounded: leave persistent out`,
    { store },
  )
