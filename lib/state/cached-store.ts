import type { Serde } from '../serdes/serde'

/**
 * Called for each entry that a record cache flushes, while the task's record context is that of the entry's last
 * update. `timestamp` is the stored value's, for a delete that of the record context. `oldValue` is the store's former
 * value, `null` unless old values were requested.
 */
export type FlushListener<K, V> = (key: K, newValue: V | null, oldValue: V | null, timestamp: number) => void

/**
 * A store that may keep updates in a record cache until the commit. Its operator then forwards what the cache
 * flushes instead of every update. `V` is the plain value, even if the store keeps timestamps.
 */
export interface CachedStore<K, V> {
  /**
   * Called by the operator that owns the store, from its `init`. Returns true when caching is on: the operator must not
   * forward by itself. Returns false, and never calls the listener, when it is off. Where new values are of use only to sinks with the
   * store's own serde, `needsOnlyBytes`, the listener may get a `WrittenValue` in place of each.
   */
  setFlushListener(
    listener: FlushListener<K, V>,
    sendOldValues: boolean,
    needsOnlyBytes?: (writtenBy: Serde<V>) => boolean,
  ): boolean
}
