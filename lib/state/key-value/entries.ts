import type { CachedStore } from '../cached-store'
import type { ByteScan } from '../state-engine'
import type { CacheUse } from '../store'

/** The layer below a typed key-value store: with or without a record cache. */
export interface Entries<K, V, S> {
  /** Undefined: there is no cache. */
  readonly cacheUse?: CacheUse
  get(key: K): S | null
  /** `get` from outside the task's processing: leaves the record cache as it is, so that nothing is evicted. */
  peek(key: K): S | null
  put(key: K, value: S | null): void
  /** Puts none where a serde refuses one of them. */
  putAll(entries: ReadonlyArray<readonly [K, S | null]>): void
  /** In key order, as stored. */
  scan(scan: ByteScan): AsyncIterable<[key: Buffer, stored: Buffer]>
  approximateNumEntries(): number
  /** False: `due` was true before all was flushed, and the next call continues. */
  flush(due?: () => boolean): boolean
  /** Returns whether there is a cache. */
  setFlushListener: CachedStore<K, V>['setFlushListener']
  close(): void
}
