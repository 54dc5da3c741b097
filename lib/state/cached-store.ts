/**
 * Called for each entry that a record cache writes out, while the task's record context is the one of the entry's last
 * update. `timestamp` is the stored value's, for a delete that of the record context. `oldValue` is what the store held
 * before, `null` unless old values were asked for.
 */
export type FlushListener<K, V> = (key: K, newValue: V | null, oldValue: V | null, timestamp: number) => void

/**
 * A store that may keep updates in a record cache until the commit. Its operator then forwards what the cache writes
 * out instead of every update. `V` is the plain value also where the store keeps timestamps.
 */
export interface CachedStore<K, V> {
  /**
   * Called by the operator that owns the store, from its `init`. Returns true when caching is on: the operator must not
   * forward by itself. Returns false, and never calls the listener, when it is off.
   */
  setFlushListener(listener: FlushListener<K, V>, sendOldValues: boolean): boolean
}
