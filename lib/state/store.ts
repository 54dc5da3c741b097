import type { Serde } from '../serdes/serde'
import type { Windowed } from '../record/windowed'
import type { RecordHeaders } from '../record/headers'
import type { RecordContext } from '../record/record-context'
import type { ByteStore } from './state-engine'

/** State of one task, by name. Restored before the task runs; closed with it. */
export interface StateStore {
  /** By which processors and queries find it. */
  readonly name: string
  /** False: kept in memory and rebuilt from the changelog at every start. */
  readonly persistent: boolean
}

/** How a scan goes through a store. */
export interface ScanOptions {
  /** descending key order */
  reverse?: boolean
  /** Ends the scan: it rejects with the reason of the signal. */
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
  /** About how many keys there are, without counting them. */
  approximateNumEntries(): number
}

/** A key-value store as processors use it: reads of points are synchronous, scans are not. */
export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** Sets the value of a key; `null` deletes it. */
  put(key: K, value: V | null): void
  /** Returns the value that was there, else `null` after putting the new one. */
  putIfAbsent(key: K, value: V): V | null
  /** `put` for each entry, in order. */
  putAll(entries: Iterable<readonly [K, V | null]>): void
  /** Returns the value that was there. */
  delete(key: K): V | null
}

/** A value with its event time. */
export interface ValueAndTimestamp<V> {
  /** The value. */
  readonly value: V
  /** Event time of its last update, in milliseconds. */
  readonly timestamp: number
}

/** The store behind tables and aggregates: each value with the event time of its last update. */
export interface TimestampedKeyValueStore<K, V> extends KeyValueStore<K, ValueAndTimestamp<V>> {}

/**
 * Reads of a window store: a value for each key and window, found by the window's start. Times are milliseconds and
 * both bounds inclusive. Windows that began longer ago than the retention, as seen from the newest one in the store, are
 * not there.
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
 * Reads of a session store: a value for each key and session. Sessions that ended longer ago than the retention, as seen
 * from the newest end in the store, are not there.
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

/** A value and the time during which it is, or was, the value of its key. */
export interface VersionedRecord<V> {
  /** The value of that version. */
  readonly value: V
  /** From when on it is valid. */
  readonly timestamp: number
  /** Until when: the timestamp of the version after it. `Infinity` for the latest. */
  readonly validTo: number
}

/**
 * Reads of a versioned store: the latest value of each key, and what was valid at an earlier time. Times longer ago than
 * the history retention, as seen from the newest version in the store, have no answer, unless the latest version is as old.
 */
export interface ReadOnlyVersionedKeyValueStore<K, V> extends StateStore {
  /** The latest version, or the one that was valid at `asOf`. `null` where the key was absent. */
  get(key: K, asOf?: number): VersionedRecord<V> | null
  /** The versions that were valid at any time from `from` to `to`, both inclusive, oldest first. */
  versions(key: K, options?: VersionsOptions): readonly VersionedRecord<V>[]
}

/** Which versions of a key, and in which order. */
export interface VersionsOptions {
  /** Default: no bound. */
  from?: number
  /** Default: no bound. */
  to?: number
  /** Newest first. */
  reverse?: boolean
}

/** A store that keeps earlier values of its keys for a while, and sorts late ones in by their timestamps (KIP-889). */
export interface VersionedKeyValueStore<K, V> extends ReadOnlyVersionedKeyValueStore<K, V> {
  /**
   * Adds a version, or replaces the one of the same timestamp; `null` is a deletion at that time. Returns until when it
   * is valid: `Infinity` if it is the latest. `undefined` if it is older than the history retention: then it is dropped,
   * and counts as a dropped record.
   */
  put(key: K, value: V | null, timestamp: number): number | undefined
  /** `put` of `null`. Returns what was valid at that time. */
  delete(key: K, timestamp: number): VersionedRecord<V> | null
}

/** What a store may ask of the task that owns it. */
export interface StateStoreContext {
  readonly applicationId: string
  readonly taskId: string
  readonly partition: number
  /** Read and swapped by caches: an entry is flushed in the context of its last update. */
  recordContext: RecordContext
  /**
   * Appends to the store's changelog, to the task's own partition. `timestamp: null` is the time of sending; `headers` are
   * the store's own, never the user's.
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
  /** The record caches of all tasks of the loop share its budget; `undefined` when caching is off. */
  readonly cache: RecordCacheBudget | undefined
  /** Has the serde fetch what it needs to write and read under this topic, before the task's first record. */
  prepare(serde: Serde<unknown>, topic: string): void
  /** For stores whose serdes were left open: the app's defaults. */
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
}

/** The size that all record caches of a stream loop share (`statestoreCacheMaxBytes`). */
export interface RecordCacheBudget {
  readonly maxBytes: number
  usedBytes: number
}

/** One changelog record as restore hands it over. Views: copy what outlives the call. */
export interface ChangelogRecord {
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
  readonly offset?: number
  headers?(): RecordHeaders
}

/** What the runtime does to a store; users see only `StateStore` and its reads and writes. */
export interface ManagedStore extends StateStore {
  /** Where its changes are logged; `null` without logging. */
  readonly changelogTopic: string | null
  /** Wires the store to its task, before restore. */
  init(context: StateStoreContext): void
  /** The layout of the changelog turned into the local one: what goes under which key for one restored record. */
  restore(record: ChangelogRecord): void
  /** Rebuilds what the store keeps in memory beside its bytes; awaited after restore, before the first record. */
  open?(): Promise<void>
  /**
   * Everything the store contains, as what a new, empty changelog has to be filled with: a store of the same kind that is
   * restored from it answers every read alike. In the order in which to write it. A timestamp of −1: the store keeps none,
   * and the time of writing will do. A value of `null` is a deletion that reads depend on; only versioned, window and
   * session stores have them.
   *
   * From `open()` on, with the record cache flushed, and while nothing else uses the store.
   */
  changelogRecords(): AsyncIterable<ChangelogRecord>
  /** Writes out what the record cache holds: forwards, logs, and puts into the bytes. Uncached stores do nothing. */
  flushCache(): void
  close(): void
}

/** Names a store, its serdes and its settings, and makes one instance for each task. Made by `keyValueStore` and its like. */
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
  /** Never set: carries the type of the store, so that a handle finds it again. */
  readonly storeType?: S
  /**
   * A table keeps its values with timestamps, and was given a handle that does not speak of them: by its name the store
   * shows what it shows by the handle.
   * @internal
   */
  readonly plainByName?: boolean
  /**
   * Makes the store of one task; called by the runtime.
   * @internal
   */
  build(changelogTopic: string | null): S & ManagedStore
}

export type ChangelogPolicy =
  | { readonly cleanup: 'compact' }
  | { readonly cleanup: 'compact,delete' | 'delete'; readonly retentionMs: number }
  | { readonly cleanup: 'compact'; readonly minCompactionLagMs: number }
