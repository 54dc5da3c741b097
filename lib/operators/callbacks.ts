import type { RecordContext } from './record'

/**
 * What users pass to the DSL. The value comes first, then the key, then where the record comes from:
 * `meta` has its `timestamp`, `headers`, `topic`, `partition` and `offset`.
 */
export type Predicate<K, V> = (value: V, key: K, meta: RecordContext) => boolean

export type ValueMapper<K, V, VR> = (value: V, key: K, meta: RecordContext) => VR

export type KeyValueMapper<K, V, KR, VR> = (value: V, key: K, meta: RecordContext) => readonly [KR, VR]

/** A promise is awaited before the operator's next record and before any commit. */
export type ForeachAction<K, V> = (value: V, key: K, meta: RecordContext) => void | Promise<void>

export type Initializer<A> = () => A

/** `null` deletes the aggregate. */
export type Aggregator<K, V, A> = (aggregate: A, value: V, key: K) => A | null

/** `null` deletes the aggregate. */
export type Reducer<V> = (aggregate: V, value: V) => V | null
