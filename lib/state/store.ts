import type { Serde } from '../serdes/serde'
import type { Windowed } from '../record/windowed'
import type { RecordHeaders } from '../record/headers'
import type { HeldBytes } from '../record/held-record-context'
import type { RecordContext } from '../record/record-context'
import type { ChangeLog } from './changes/change-feeds'
import type { ResolvedExpiry } from './expiry/store-expiry'
import type { OpenScans } from './open-scans'
import type { ByteStore } from './state-engine'
import type { RowMemory } from './timed/row-memory'

/** A task's state, by name. Restored before the task runs; closed with it. */
export interface StateStore {
  /** The name by which processors and queries find it. */
  readonly name: string
  /** False: kept in memory and rebuilt from the changelog at every start. */
  readonly persistent: boolean
}

/** Order and cancellation of a scan. */
export interface ScanOptions {
  /** descending key order */
  reverse?: boolean
  /** Aborts the scan, which rejects with the signal's reason. */
  signal?: AbortSignal
}

/** Reads of a key-value store; what interactive queries see. Keys are ordered by their serialized bytes. */
export interface ReadOnlyKeyValueStore<K, V> extends StateStore {
  /** The value of a key; `null` if there is none. */
  get(key: K): V | null
  /** Both bounds inclusive; `null` is open. */
  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, V]>
  /** All keys, in order. */
  all(options?: ScanOptions): AsyncIterable<[K, V]>
  /** All keys whose serialized bytes start with those of `prefix`. */
  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, V]>
  /** The approximate number of keys, without counting them. */
  approximateNumEntries(): number
}

/** A key-value store as processors use it: point lookups are synchronous, scans are not. */
export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** Sets the value of a key; `null` deletes it. */
  put(key: K, value: V | null): void
  /** Sets the value if the key has none, and returns `null`; otherwise returns the existing value. */
  putIfAbsent(key: K, value: V): V | null
  /** `put` for each entry, in order; for none if one of them can't be written, because its key is `null` for example. */
  putAll(entries: Iterable<readonly [K, V | null]>): void
  /** Deletes the key and returns its former value. */
  delete(key: K): V | null
}

/** A value with its event time. */
export interface ValueAndTimestamp<V> {
  /** The value. */
  readonly value: V
  /** Event time of its last update, in whole milliseconds. */
  readonly timestamp: number
}

/** The store behind tables and aggregates: each value with the event time of its last update. */
export interface TimestampedKeyValueStore<K, V> extends KeyValueStore<K, ValueAndTimestamp<V>> {}

/**
 * Reads of a window store: a value for each key and window, found by the window's start. Times are milliseconds and
 * both bounds inclusive. Windows that started longer than the retention before the newest one in the store are not
 * returned.
 */
export interface ReadOnlyWindowStore<K, V> extends StateStore {
  /** The value of the window that starts at `windowStart`. */
  fetch(key: K, windowStart: number): V | null
  /** The windows of a key that start from `timeFrom` to `timeTo`, by start. */
  fetch(
    key: K,
    timeFrom: number,
    timeTo: number,
    options?: { reverse?: boolean },
  ): readonly (readonly [windowStart: number, value: V])[]
  /** The windows of several keys; `null` is an open bound. */
  fetchRange(
    keyFrom: K | null,
    keyTo: K | null,
    timeFrom: number,
    timeTo: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, V]>
  /** All windows that start from `timeFrom` to `timeTo`. */
  fetchAll(timeFrom: number, timeTo: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]>
  /** All windows of all keys. */
  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, V]>
}

/** A window store as processors use it. */
export interface WindowStore<K, V> extends ReadOnlyWindowStore<K, V> {
  /** `null` deletes. What is too old for the store is dropped, and counts as a dropped record. */
  put(key: K, value: V | null, windowStart: number): void
}

/** The store behind windowed tables: each value with the event time of its last update. */
export interface TimestampedWindowStore<K, V> extends WindowStore<K, ValueAndTimestamp<V>> {}

/**
 * Reads of a session store: a value for each key and session. Sessions that ended longer than the retention before
 * the newest end in the store are not returned.
 */
export interface ReadOnlySessionStore<K, V> extends StateStore {
  /** The value of one session. */
  fetchSession(key: K, start: number, end: number): V | null
  /** All sessions of a key, by end. */
  fetch(key: K, options?: { reverse?: boolean }): readonly (readonly [Windowed<K>, V])[]
  /** The sessions of a key that end at `earliestEnd` or later and start at `latestStart` or before, by end. */
  findSessions(
    key: K,
    earliestEnd: number,
    latestStart: number,
    options?: { reverse?: boolean },
  ): readonly (readonly [Windowed<K>, V])[]
  /** All sessions of several keys; `null` is an open bound. */
  fetchRange(keyFrom: K | null, keyTo: K | null, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]>
  /** As `findSessions`, of several keys; `null` is an open bound. */
  findSessionsRange(
    keyFrom: K | null,
    keyTo: K | null,
    earliestEnd: number,
    latestStart: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, V]>
  /** The sessions of all keys that end from `earliestEnd` to `latestEnd`. */
  findAllSessions(earliestEnd: number, latestEnd: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]>
  /** All sessions of all keys. */
  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, V]>
}

/** A session store as processors use it. */
export interface SessionStore<K, V> extends ReadOnlySessionStore<K, V> {
  /** `null` deletes. What is too old for the store is dropped, and counts as a dropped record. */
  put(session: Windowed<K>, value: V | null): void
  /** Deletes a session. */
  remove(session: Windowed<K>): void
}

/** A value and its validity interval. */
export interface VersionedRecord<V> {
  /** The value of that version. */
  readonly value: V
  /** The start of its validity. */
  readonly timestamp: number
  /** The end of its validity: the timestamp of the next version, `Infinity` for the latest. */
  readonly validTo: number
}

/**
 * Reads of a versioned store: the latest value of each key, and what was valid at an earlier time. Times further
 * back than the history retention, counted from the newest version in the store, return nothing, unless the latest version is that old.
 */
export interface ReadOnlyVersionedKeyValueStore<K, V> extends StateStore {
  /** The latest version, or the one that was valid at `asOf`. `null` if the key was absent. */
  get(key: K, asOf?: number): VersionedRecord<V> | null
  /** The versions that were valid at any time from `from` to `to`, both inclusive, oldest first. */
  versions(key: K, options?: VersionsOptions): readonly VersionedRecord<V>[]
}

/** Range and order of a key's versions. */
export interface VersionsOptions {
  /** Default: no bound. */
  from?: number
  /** Default: no bound. */
  to?: number
  /** Newest first. */
  reverse?: boolean
}

/** A store that keeps earlier values of its keys for a while, and inserts late ones by timestamp (KIP-889). */
export interface VersionedKeyValueStore<K, V> extends ReadOnlyVersionedKeyValueStore<K, V> {
  /**
   * Adds a version, or replaces the one of the same timestamp; `null` is a deletion at that time. Returns the end of its
   * validity: `Infinity` if it is the latest. Returns `undefined` if it is older than the history retention: then it is
   * dropped, and counts as a dropped record.
   */
  put(key: K, value: V | null, timestamp: number): number | undefined
  /** `put` of `null`. Returns the version that was valid at that time. */
  delete(key: K, timestamp: number): VersionedRecord<V> | null
}

/** What a store needs from the task that owns it. */
export interface StateStoreContext {
  readonly applicationId: string
  readonly taskId: string
  readonly partition: number
  /** Read and swapped by caches: an entry is flushed in the context of its last update. */
  recordContext: RecordContext
  /** A copy of the bytes that the current record was read from, for caches: `null` unless an error handler may ask for them. */
  heldBytes?(): HeldBytes | null
  /**
   * Appends to the store's changelog, to the task's own partition. `timestamp: null` is the time of sending; `headers` are
   * the store's own, never the user's. Key and value are copied.
   */
  logChange(
    changelogTopic: string,
    key: Buffer,
    value: Buffer | null,
    timestamp: number | null,
    headers?: RecordHeaders,
  ): void
  /** Counts the current record in `dropped-records`: the store drops what is older than its retention. */
  dropRecord(store: string, reason: string): void
  /** Bytes of this store inside the task's state, in key order. */
  openBytes(store: string, persistent: boolean): ByteStore
  /** Where the store tells its writes to those who listen to its changes; `undefined`: nobody can. */
  changesOf?(store: string): ChangeLog | undefined
  /** Calls `write` before what is to be committed is sealed: it puts what the store still keeps apart into its bytes. */
  beforeSeal(write: () => void): void
  /** What window and session stores of the loop share to keep their newest rows in memory; `undefined`: each has its own. */
  readonly rowMemory?: RowMemory | undefined
  /** The record caches of all tasks of the loop share its budget; `undefined` when caching is off. */
  readonly cache: RecordCacheBudget | undefined
  /** Lets the serde fetch what it needs to write and read for this topic, before the task's first record. */
  prepare(serde: Serde<unknown>, topic: string): void
  /** The application's default serdes, for stores that name none. */
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
}

/** The size that all record caches of a stream loop share (`statestoreCacheMaxBytes`). */
export interface RecordCacheBudget {
  readonly maxBytes: number
  usedBytes: number
}

/** How often a record cache was read, since its store was opened. */
export interface CacheUse {
  readonly reads: number
  /** Reads that found the key in it. */
  readonly hits: number
}

/** A changelog record passed in by the restore. Views: copy what outlives the call. */
export interface ChangelogRecord {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
  readonly offset?: number
  headers?(): RecordHeaders
}

/** A store as the runtime uses it; users see only `StateStore` and its reads and writes. */
export interface ManagedStore extends StateStore {
  /** The changelog topic; `null` without logging. */
  readonly changelogTopic: string | null
  /** Wires the store to its task, before restore. */
  init(context: StateStoreContext): void
  /** Converts a restored record from the changelog's layout to the local one: which value goes under which key. */
  restore(record: ChangelogRecord): void
  /**
   * Whether `restore` copies what it keeps of key and value: they may then lie in memory that the next record reuses, which
   * saves an object for each. Default: false.
   */
  readonly copiesRestored?: boolean
  /** Rebuilds what the store keeps in memory besides its bytes; awaited after restore, before the first record. */
  open?(): Promise<void>
  /**
   * The records that refill a new, empty changelog with everything in the store: a store of the same kind restored from
   * them answers every read alike. In write order. A timestamp of −1 means that the store keeps none,
   * so the time of writing is used. A value of `null` is a deletion that reads depend on; only versioned, window and
   * session stores have them.
   *
   * Called after `open()`, with the record cache flushed, and while nothing else uses the store.
   */
  changelogRecords(): AsyncIterable<ChangelogRecord>
  /**
   * Flushes the record cache: forwards its entries, logs them, and puts them into the bytes. Uncached stores do nothing.
   * `due` is asked after each entry whether to pause. False: it was true before the end, and the next call continues.
   */
  flushCache(due?: () => boolean): boolean
  /** Undefined: the store has no record cache, or does not count. */
  readonly cacheUse?: CacheUse | undefined
  /** Undefined: the store has no scans. */
  readonly openScans?: OpenScans
  close(): void
}

/** A store's name, serdes and settings; creates one instance per task. Returned by `keyValueStore` and the like. */
export interface StoreBuilder<S extends StateStore = StateStore> {
  /** The store's name, and the middle part of its changelog's. */
  readonly name: string
  /** Whether changes are written to a changelog topic. */
  readonly loggingEnabled: boolean
  /** Extra configs of the changelog topic. */
  readonly changelogConfig: Readonly<Record<string, string>>
  /** Whether updates are kept in the record cache until the next commit. */
  readonly cachingEnabled: boolean
  /** Whether the store is on disk. */
  readonly persistent: boolean
  /**
   * `window` changelogs are `compact,delete` with a retention, key-value ones `compact`.
   * @internal
   */
  readonly changelogPolicy: ChangelogPolicy
  /** Never set: carries the type of the store to where the handle is used. */
  readonly storeType?: S
  /**
   * A table keeps its values with timestamps, but was given a handle without them: looked up by name, the store returns
   * values as the handle has them.
   * @internal
   */
  readonly plainByName?: boolean
  /**
   * Its rows expire where processors use it.
   * @internal
   */
  readonly expiry?: BuiltExpiry
  /**
   * Creates the store of one task; called by the runtime.
   * @internal
   */
  build(changelogTopic: string | null): S & ManagedStore
}

/** How rows expire, and the store that says which are due when. */
export interface BuiltExpiry extends ResolvedExpiry {
  readonly index: StoreBuilder<KeyValueStore<Buffer, Buffer>>
  readonly keySerde: Serde<unknown> | undefined
}

export type ChangelogPolicy =
  | { readonly cleanup: 'compact' }
  | { readonly cleanup: 'compact,delete' | 'delete'; readonly retentionMs: number }
  | { readonly cleanup: 'compact'; readonly minCompactionLagMs: number }
