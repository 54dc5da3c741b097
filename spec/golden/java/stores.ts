import type {
  KeyValueStore,
  StateStore,
  StoreBuilder,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
} from '../../../lib/state/store'
import { keyValueStore } from '../../../lib/state/stores'
import type { JavaSerde } from './serdes'

/** What `Stores.…KeyValueStore(name)` gives: a name and where the bytes are. */
export interface StoreSupplier {
  readonly name: string
  readonly persistent: boolean
}

export interface JavaStoreBuilder {
  readonly builder: StoreBuilder<StateStore>
}

export const Stores = {
  persistentKeyValueStore: (name: string): StoreSupplier => ({ name, persistent: true }),
  inMemoryKeyValueStore: (name: string): StoreSupplier => ({ name, persistent: false }),
  keyValueStoreBuilder: (supplier: StoreSupplier, key: JavaSerde, value: JavaSerde): JavaStoreBuilder => ({
    builder: keyValueStore(supplier.name, { key: key.serde, value: value.serde, persistent: supplier.persistent }),
  }),
}

interface Entry {
  readonly key: unknown
  readonly value: unknown
}

/** The methods of Java's stores, over ours. Iterators are asynchronous: the runner turns `each(…)` into an `await`. */
export type JavaStore = ReturnType<typeof javaStore>

export function javaStore(store: StateStore) {
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

async function* entries(scan: AsyncIterable<[unknown, unknown]>): AsyncGenerator<Entry> {
  for await (const [key, value] of scan) yield { key, value: javaValue(value) }
}

const javaValue = (value: unknown): unknown =>
  isValueAndTimestamp(value) ? { value: () => value.value, timestamp: () => value.timestamp } : value

/** The values of a case are strings and numbers, so an object is Java's `ValueAndTimestamp`. */
export const isValueAndTimestamp = (value: unknown): value is ValueAndTimestamp<unknown> =>
  typeof value === 'object' && value !== null && 'timestamp' in value && 'value' in value

export type ReadableStore = KeyValueStore<unknown, unknown> | TimestampedKeyValueStore<unknown, unknown>
