import { StreamsError } from '../../errors'
import { outsideReads } from '../outside-reads'
import type {
  KeyValueStore,
  ReadOnlyKeyValueStore,
  ReadOnlyWindowStore,
  ScanOptions,
  StateStore,
  StoreBuilder,
  ValueAndTimestamp,
} from '../store'
import { checkKind } from '../store-kind'
import { PlainWindowView } from '../window/plain-window-view'
import { TypedWindowStore } from '../window/typed-window-store'
import { TypedKeyValueStore } from './typed-key-value-store'

/** Whether a handle has plain values, while the store, a table's, keeps timestamps. */
export const isPlain = (handle: object | undefined): boolean =>
  handle !== undefined && 'timestamped' in handle && handle.timestamped === false

/**
 * A store as its handle's type promises: a table's store keeps timestamps, which a plain handle does not
 * have. Looked up by name, it is as the handle that it was created with. Rejects a handle of another
 * kind of store.
 */
export const storeFor = (
  reference: string | { readonly name: string },
  store: StateStore,
  builder?: StoreBuilder<StateStore>,
): StateStore => viewFor(reference, store, store, builder)

/** `storeFor` for a processor, which reads and writes the store through this view of it. */
export const viewedStoreFor = (
  reference: string | { readonly name: string },
  store: StateStore,
  view: StateStore,
): StateStore => viewFor(reference, store, view, undefined)

/** `storeFor` for those outside the store's task: their reads leave its record cache as it is. */
export const readsFor = (
  reference: string | { readonly name: string },
  store: StateStore,
  builder: StoreBuilder<StateStore>,
): StateStore => viewFor(reference, store, outsideReads(store), builder)

const viewFor = (
  reference: string | { readonly name: string },
  store: StateStore,
  reads: StateStore,
  builder: StoreBuilder<StateStore> | undefined,
): StateStore => {
  checkKind(reference, store)
  const plain = typeof reference === 'object' ? isPlain(reference) : builder?.plainByName === true
  if (plain && store instanceof TypedWindowStore && store.timestamped) {
    return new PlainWindowView(reads as ReadOnlyWindowStore<unknown, ValueAndTimestamp<unknown>>)
  }
  if (plain && store instanceof TypedKeyValueStore && store.timestamped) {
    return new PlainView(reads as ReadOnlyKeyValueStore<unknown, ValueAndTimestamp<unknown>>)
  }
  return reads
}

/** A timestamped store as one of plain values, for readers that don't need timestamps. */
export class PlainView<K, V> implements KeyValueStore<K, V> {
  constructor(private readonly store: ReadOnlyKeyValueStore<K, ValueAndTimestamp<V>>) {}

  get name(): string {
    return this.store.name
  }

  get persistent(): boolean {
    return this.store.persistent
  }

  get(key: K): V | null {
    return this.store.get(key)?.value ?? null
  }

  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, V]> {
    return plain(this.store.range(from, to, options))
  }

  all(options?: ScanOptions): AsyncIterable<[K, V]> {
    return plain(this.store.all(options))
  }

  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, V]> {
    return plain(this.store.prefixScan(prefix, prefixSerde, options))
  }

  approximateNumEntries(): number {
    return this.store.approximateNumEntries()
  }

  put(): never {
    throw this.#readOnly()
  }

  putIfAbsent(): never {
    throw this.#readOnly()
  }

  putAll(): never {
    throw this.#readOnly()
  }

  delete(): never {
    throw this.#readOnly()
  }

  #readOnly(): StreamsError {
    return new StreamsError(
      'ILLEGAL_STATE',
      `store "${this.name}" is a table's, and only the table writes it: keep what a processor writes in a store of its own`,
      { store: this.name },
    )
  }
}

async function* plain<K, V>(entries: AsyncIterable<[K, ValueAndTimestamp<V>]>): AsyncGenerator<[K, V]> {
  for await (const [key, { value }] of entries) yield [key, value]
}
