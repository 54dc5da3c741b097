import type { Windowed } from '../record/windowed'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  VersionedRecord,
  VersionsOptions,
} from '../state/store'
import type { QueryResult, QueryScan } from './query-types'

/** The order of a scan. */
export interface ScanOrder {
  /** Descending key order, in each partition. */
  readonly reverse?: boolean
}

/** Queries of a key-value store, over all instances. */
export interface KeyValueQueries<K, V> {
  /** The value of a key; `null` if there is none. */
  get(key: K): Promise<QueryResult<V | null>>
  /** Both bounds inclusive; `null` is open. */
  range(from: K | null, to: K | null, order?: ScanOrder): QueryScan<[K, V]>
  /** All keys. */
  all(order?: ScanOrder): QueryScan<[K, V]>
  /** All keys whose serialized bytes start with those of `prefix`. */
  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    order?: ScanOrder,
  ): QueryScan<[K, V]>
}

/** Queries of a window store, over all instances. Times are milliseconds, and both bounds inclusive. */
export interface WindowQueries<K, V> {
  /** The value of the window that starts at `windowStart`. */
  fetch(key: K, windowStart: number): Promise<QueryResult<V | null>>
  /** The windows of a key that start from `timeFrom` to `timeTo`, by start. */
  fetch(
    key: K,
    timeFrom: number,
    timeTo: number,
    order?: ScanOrder,
  ): Promise<QueryResult<ReadonlyArray<readonly [windowStart: number, value: V]>>>
  /** The windows of several keys; `null` is an open bound. */
  fetchRange(
    keyFrom: K | null,
    keyTo: K | null,
    timeFrom: number,
    timeTo: number,
    order?: ScanOrder,
  ): QueryScan<[Windowed<K>, V]>
  /** All windows that start from `timeFrom` to `timeTo`. */
  fetchAll(timeFrom: number, timeTo: number, order?: ScanOrder): QueryScan<[Windowed<K>, V]>
  /** All windows of all keys. */
  all(order?: ScanOrder): QueryScan<[Windowed<K>, V]>
}

/** Queries of a session store, over all instances. Times are milliseconds, and both bounds inclusive. */
export interface SessionQueries<K, V> {
  /** The value of one session. */
  fetchSession(key: K, start: number, end: number): Promise<QueryResult<V | null>>
  /** All sessions of a key, by end. */
  fetch(key: K, order?: ScanOrder): Promise<QueryResult<ReadonlyArray<readonly [Windowed<K>, V]>>>
  /** The sessions of a key that end at `earliestEnd` or later and start at `latestStart` or before, by end. */
  findSessions(
    key: K,
    earliestEnd: number,
    latestStart: number,
    order?: ScanOrder,
  ): Promise<QueryResult<ReadonlyArray<readonly [Windowed<K>, V]>>>
  /** All sessions of several keys; `null` is an open bound. */
  fetchRange(keyFrom: K | null, keyTo: K | null, order?: ScanOrder): QueryScan<[Windowed<K>, V]>
  /** As `findSessions`, of several keys; `null` is an open bound. */
  findSessionsRange(
    keyFrom: K | null,
    keyTo: K | null,
    earliestEnd: number,
    latestStart: number,
    order?: ScanOrder,
  ): QueryScan<[Windowed<K>, V]>
  /** The sessions of all keys that end from `earliestEnd` to `latestEnd`. */
  findAllSessions(earliestEnd: number, latestEnd: number, order?: ScanOrder): QueryScan<[Windowed<K>, V]>
  /** All sessions of all keys. */
  all(order?: ScanOrder): QueryScan<[Windowed<K>, V]>
}

/** Queries of a versioned store, over all instances. */
export interface VersionedQueries<K, V> {
  /** The latest version, or the one that was valid at `asOf`. `null` if the key was absent. */
  get(key: K, asOf?: number): Promise<QueryResult<VersionedRecord<V> | null>>
  /** The versions that were valid at any time from `from` to `to`, both inclusive, oldest first. */
  versions(key: K, options?: VersionsOptions): Promise<QueryResult<ReadonlyArray<VersionedRecord<V>>>>
}

/** The queries of a store, for a handle that carries its types. */
export type StoreQueries<S> =
  S extends ReadOnlyKeyValueStore<infer K, infer V>
    ? KeyValueQueries<K, V>
    : S extends ReadOnlySessionStore<infer K, infer V>
      ? SessionQueries<K, V>
      : S extends ReadOnlyWindowStore<infer K, infer V>
        ? WindowQueries<K, V>
        : S extends ReadOnlyVersionedKeyValueStore<infer K, infer V>
          ? VersionedQueries<K, V>
          : never

/** The keys of a store. */
export type StoreKey<S> =
  S extends ReadOnlyKeyValueStore<infer K, unknown>
    ? K
    : S extends ReadOnlySessionStore<infer K, unknown>
      ? K
      : S extends ReadOnlyWindowStore<infer K, unknown>
        ? K
        : S extends ReadOnlyVersionedKeyValueStore<infer K, unknown>
          ? K
          : never
