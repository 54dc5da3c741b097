import type {
  KeyValueStore,
  StateStore,
  StoreBuilder,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  VersionedRecord,
} from '../../../lib/state/store'
import { keyValueStore } from '../../../lib/state/stores'
import { versionedKeyValueStore } from '../../../lib/state/versioned/versioned-key-value-store'
import type { JavaSerde } from './serdes'
import { Optional } from './values'
import { isSessionStore, isWindowStore, javaSessionStore, javaWindowStore, windowStores } from './window-stores'

/** What `Stores.…KeyValueStore(name)` gives: a name and where the bytes are. */
export interface StoreSupplier {
  readonly name: string
  readonly persistent: boolean
}

export interface VersionedStoreSupplier {
  readonly name: string
  readonly historyRetention: number
  readonly segmentInterval?: number
}

export interface JavaStoreBuilder {
  readonly builder: StoreBuilder<StateStore>
}

/** Java's `StoreBuilder`: its methods say what our options say. */
export class OptionalStoreBuilder implements JavaStoreBuilder {
  readonly builder: StoreBuilder<StateStore>

  constructor(
    private readonly make: (options: object) => StoreBuilder<StateStore>,
    private readonly options: object = {},
  ) {
    this.builder = make(options)
  }
  withLoggingDisabled(): OptionalStoreBuilder {
    return this.with({ logging: false })
  }
  withLoggingEnabled(configs: ReadonlyMap<string, string>): OptionalStoreBuilder {
    return this.with({ logging: Object.fromEntries(configs) })
  }
  withCachingEnabled(): OptionalStoreBuilder {
    return this.with({ caching: true })
  }
  withCachingDisabled(): OptionalStoreBuilder {
    return this.with({ caching: false })
  }
  private with(options: object): OptionalStoreBuilder {
    return new OptionalStoreBuilder(this.make, { ...this.options, ...options })
  }
}

export const Stores = {
  ...windowStores,
  persistentKeyValueStore: (name: string): StoreSupplier => ({ name, persistent: true }),
  inMemoryKeyValueStore: (name: string): StoreSupplier => ({ name, persistent: false }),
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
  keyValueStoreBuilder: ({ name, persistent }: StoreSupplier, key: JavaSerde, value: JavaSerde): OptionalStoreBuilder =>
    new OptionalStoreBuilder((options) =>
      keyValueStore(name, { key: key.serde, value: value.serde, persistent, ...options }),
    ),
}

interface Entry {
  readonly key: unknown
  readonly value: unknown
}

/** The methods of Java's stores, over ours. Iterators are asynchronous: the runner turns `each(…)` into an `await`. */
export type JavaStore = ReturnType<typeof javaStore>

export function javaStore(store: StateStore) {
  if (isWindowStore(store)) return javaWindowStore(store, javaValue)
  if (isSessionStore(store)) return javaSessionStore(store)
  if ('versions' in store) return javaVersionedStore(store as VersionedKeyValueStore<unknown, unknown>)
  const kv = store as KeyValueStore<unknown, unknown>
  return {
    get: (key: unknown) => javaValue(kv.get(key)),
    put: (key: unknown, value: unknown) => kv.put(key, value),
    putIfAbsent: (key: unknown, value: unknown) => kv.putIfAbsent(key, value),
    delete: (key: unknown) => kv.delete(key),
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

const javaValue = (value: unknown): unknown =>
  isValueAndTimestamp(value) ? { value: () => value.value, timestamp: () => value.timestamp } : value

/** The values of a case are strings and numbers, so an object is Java's `ValueAndTimestamp`. */
export const isValueAndTimestamp = (value: unknown): value is ValueAndTimestamp<unknown> =>
  typeof value === 'object' && value !== null && 'timestamp' in value && 'value' in value

export type ReadableStore = KeyValueStore<unknown, unknown> | TimestampedKeyValueStore<unknown, unknown>
