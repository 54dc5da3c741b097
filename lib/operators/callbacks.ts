import type { RecordContext } from '../record/record-context'

/**
 * What users pass to the DSL. The value comes first, then the key, then where the record comes from:
 * `meta` has its `timestamp`, `headers`, `topic`, `partition` and `offset`.
 */
export type Predicate<K, V> = (value: V, key: K, meta: RecordContext) => boolean

/** A predicate that also narrows the type of the values that match. */
export type TypeGuard<K, V, S extends V> = (value: V, key: K, meta: RecordContext) => value is S

/** A type without the members that a type guard matches; the whole type if the guard does not distinguish members. */
export type Without<V, S> = [V] extends [S] ? V : Exclude<V, S>

/** Returns a value, or a key, or an iterable of any number of them. */
export type ValueMapper<K, V, VR> = (value: V, key: K, meta: RecordContext) => VR

/** Returns a key and a value. */
export type KeyValueMapper<K, V, KR, VR> = (value: V, key: K, meta: RecordContext) => readonly [KR, VR]

/** Returns the group of a table's row and the value that it adds. With `null`, also for one of the two, the row is in no group. */
export type GroupSelector<K, V, KR, VR> = (
  value: V,
  key: K,
  meta: RecordContext,
) => readonly [KR | null | undefined, VR | null | undefined] | null | undefined

/** What a callback of an async operator gets to know besides the value and the key. */
export interface AsyncMeta extends RecordContext {
  /**
   * Aborted when this attempt has timed out, when the task moves to another instance, and on `close()`. Pass it to what is
   * awaited: `fetch(url, { signal })`.
   */
  readonly signal: AbortSignal
  /** Which call for this record this is, by this run of the task: 1, and more when it is repeated. */
  readonly attempt: number
}

/** A record of a batch. */
export interface BatchRecord<K, V> extends RecordContext {
  /** The record's key. */
  readonly key: K
  /** The record's value. */
  readonly value: V
}

/** What a callback of an async operator gets to know besides the records, where `batch` gives it several. */
export interface AsyncBatchMeta {
  /** Aborted when this attempt has timed out, when the task moves to another instance, and on `close()`. */
  readonly signal: AbortSignal
  /** Which call for these records this is, by this run of the task: 1, and more for those that are repeated. */
  readonly attempt: number
}

/**
 * Returns a promise of the results, one for each record and in the same order: a value; or a key and a value, an iterable of values, or whether to
 * keep the record. An `Error` in place of a result fails that record alone; a promise that rejects fails all of them.
 */
export type AsyncBatchMapper<K, V, R> = (
  records: ReadonlyArray<BatchRecord<K, V>>,
  meta: AsyncBatchMeta,
) => ReadonlyArray<R | Error> | PromiseLike<ReadonlyArray<R | Error>>

/** As `AsyncBatchMapper`, without results: what it returns matters only if some records have failed, and is an array with an `Error` for those. */
export type AsyncBatchAction<K, V> = (
  records: ReadonlyArray<BatchRecord<K, V>>,
  meta: AsyncBatchMeta,
) => void | ReadonlyArray<unknown> | PromiseLike<void | ReadonlyArray<unknown>>

/** Returns a promise of a value; or of a key and a value, an iterable of values, or whether to keep the record. */
export type AsyncValueMapper<K, V, R> = (value: V, key: K, meta: AsyncMeta) => R | PromiseLike<R>

/** A promise is awaited before the operator's next record and before any commit. */
export type ForeachAction<K, V> = (value: V, key: K, meta: RecordContext) => void | Promise<void>

/** Returns the initial aggregate. Called for each new key or window: don't return a shared object that is modified later. */
export type Initializer<A> = () => A

/** `null` deletes the aggregate. */
export type Aggregator<K, V, A> = (aggregate: A, value: V, key: K) => A | null

/** Merges the aggregates of two sessions that a record has connected: that of the earlier ones, and that of the next one. */
export type Merger<K, A> = (aggregate: A, next: A, key: K) => A | null

/** `null` deletes the aggregate. */
export type Reducer<V> = (aggregate: V, value: V) => V | null

/** The left value, the right one, and their key. In left and outer joins a side without a match is `null`. */
export type ValueJoiner<K, V, VO, VR> = (left: V, right: VO, key: K) => VR

/** The key of the right row that a left row belongs to; `null` for none. */
export type ForeignKeyExtractor<K, V, KO> = (value: V, key: K) => KO | null | undefined
