import type { ReadOnlyKeyValueStore, ScanOptions, ValueAndTimestamp } from '../store'

/** A timestamped store as one of plain values, for readers that don't ask for timestamps. */
export class PlainView<K, V> implements ReadOnlyKeyValueStore<K, V> {
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
}

async function* plain<K, V>(entries: AsyncIterable<[K, ValueAndTimestamp<V>]>): AsyncGenerator<[K, V]> {
  for await (const [key, { value }] of entries) yield [key, value]
}
