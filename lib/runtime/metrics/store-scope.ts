import { kindOfStore } from '../../state/store-kind'
import type { ManagedStore } from '../../state/store'

/** By where a store is, as in Kafka Streams, where what is on disk is in RocksDB. */
const ON_DISK = 'rocksdb'
const IN_MEMORY = 'in-memory'

/** Kafka Streams' name of the kind of a store, with which the tag of its metrics begins. */
const storeScope = (store: ManagedStore): string => {
  if ('evictWhile' in store) return `${IN_MEMORY}-suppression`
  if ('maxEntries' in store && store.maxEntries !== undefined) return `${IN_MEMORY}-lru`
  const place = store.persistent ? ON_DISK : IN_MEMORY
  const kind = kindOfStore(store)
  return kind === 'window' || kind === 'session' ? `${place}-${kind}` : place
}

/** The tag that names a store in its metrics: `rocksdb-state-id`, `in-memory-window-state-id` … */
export const storeTag = (store: ManagedStore): Readonly<Record<string, string>> => ({
  [`${storeScope(store)}-state-id`]: store.name,
})
