import type {
  KeyValueStore,
  StateStore,
  TimestampedKeyValueStore,
  VersionedKeyValueStore,
  VersionedRecord,
} from '../../../lib/state/store'
import { keyValueStore, timestampedKeyValueStore } from '../../../lib/state/stores'
import { versionedKeyValueStore } from '../../../lib/state/versioned/versioned-key-value-store'
import type { JavaSerde } from './serdes'
import { OptionalStoreBuilder } from './store-builder'
import { javaValue, ourValue } from './value-and-timestamp'
import { type KeyValue, Optional } from './values'
import { isSessionStore, isWindowStore, javaSessionStore, javaWindowStore, windowStores } from './window-stores'

/** What `Stores.…KeyValueStore(name)` gives: a name and where the bytes are. */
export interface StoreSupplier {
  readonly name: string
  readonly persistent: boolean
  /** Of an `lruMap`. */
  readonly maxEntries?: number
}

export interface VersionedStoreSupplier {
  readonly name: string
  readonly historyRetention: number
  readonly segmentInterval?: number
}

export const Stores = {
  ...windowStores,
  persistentKeyValueStore: (name: string): StoreSupplier => ({ name, persistent: true }),
  persistentTimestampedKeyValueStore: (name: string): StoreSupplier => ({ name, persistent: true }),
  inMemoryKeyValueStore: (name: string): StoreSupplier => ({ name, persistent: false }),
  lruMap: (name: string, maxEntries: number): StoreSupplier => ({ name, persistent: false, maxEntries }),
  persistentVersionedKeyValueStore: (
    name: string,
    historyRetention: number,
    segmentInterval?: number,
  ): VersionedStoreSupplier => ({ name, historyRetention, ...(segmentInterval !== undefined && { segmentInterval }) }),
  versionedKeyValueStoreBuilder: (
    { name, ...kept }: VersionedStoreSupplier,
    key: JavaSerde,
    value: JavaSerde,
  ): OptionalStoreBuilder =>
    new OptionalStoreBuilder((options) =>
      versionedKeyValueStore(name, { key: key.serde, value: value.serde, ...kept, ...options }),
    ),
  keyValueStoreBuilder: (supplier: StoreSupplier, key: JavaSerde, value: JavaSerde): OptionalStoreBuilder =>
    keyValueBuilder(keyValueStore, supplier, key, value),
  timestampedKeyValueStoreBuilder: (supplier: StoreSupplier, key: JavaSerde, value: JavaSerde): OptionalStoreBuilder =>
    keyValueBuilder(timestampedKeyValueStore, supplier, key, value),
}

function keyValueBuilder(
  make: typeof keyValueStore | typeof timestampedKeyValueStore,
  { name, ...where }: StoreSupplier,
  key: JavaSerde,
  value: JavaSerde,
): OptionalStoreBuilder {
  return new OptionalStoreBuilder((options) => make(name, { key: key.serde, value: value.serde, ...where, ...options }))
}

interface Entry {
  readonly key: unknown
  readonly value: unknown
}

/** The methods of Java's stores, over ours. Iterators are asynchronous: the runner turns `each(…)` into an `await`. */
export type JavaStore = ReturnType<typeof javaStore>

export function javaStore(store: StateStore) {
  if (isWindowStore(store)) return javaWindowStore(store)
  if (isSessionStore(store)) return javaSessionStore(store)
  if ('versions' in store) return javaVersionedStore(store as VersionedKeyValueStore<unknown, unknown>)
  const kv = store as KeyValueStore<unknown, unknown>
  return {
    get: (key: unknown) => javaValue(kv.get(key)),
    put: (key: unknown, value: unknown) => kv.put(key, ourValue(value)),
    putAll: (pairs: readonly KeyValue[]) => kv.putAll(pairs.map(({ key, value }) => [key, ourValue(value)] as const)),
    putIfAbsent: (key: unknown, value: unknown) => javaValue(kv.putIfAbsent(key, ourValue(value))),
    delete: (key: unknown) => javaValue(kv.delete(key)),
    range: (from: unknown, to: unknown) => entries(kv.range(from, to)),
    reverseRange: (from: unknown, to: unknown) => entries(kv.range(from, to, { reverse: true })),
    all: () => entries(kv.all()),
    reverseAll: () => entries(kv.all({ reverse: true })),
    prefixScan: (prefix: unknown, serializer: { serde: never }) => entries(kv.prefixScan(prefix, serializer.serde)),
    approximateNumEntries: () => kv.approximateNumEntries(),
  }
}

/** Java's `-1` is a version without an end, its lowest long one that was not put. */
function javaVersionedStore(store: VersionedKeyValueStore<unknown, unknown>) {
  return {
    get: (key: unknown, asOf?: number) => javaVersion(store.get(key, asOf)),
    put: (key: unknown, value: unknown, timestamp: number) => {
      const validTo = store.put(key, value, timestamp)
      return validTo === undefined ? -(2 ** 63) : validTo === Infinity ? -1 : validTo
    },
    delete: (key: unknown, timestamp: number) => javaVersion(store.delete(key, timestamp)),
  }
}

const javaVersion = (version: VersionedRecord<unknown> | null) =>
  version && {
    value: () => version.value,
    timestamp: () => version.timestamp,
    validTo: () => (version.validTo === Infinity ? Optional.empty() : Optional.of(version.validTo)),
  }

async function* entries(scan: AsyncIterable<[unknown, unknown]>): AsyncGenerator<Entry> {
  for await (const [key, value] of scan) yield { key, value: javaValue(value) }
}

export type ReadableStore = KeyValueStore<unknown, unknown> | TimestampedKeyValueStore<unknown, unknown>
