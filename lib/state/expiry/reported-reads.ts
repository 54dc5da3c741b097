import type { KeyValueStore, ScanOptions } from '../store'

/** Gets to know which rows of its store others read. */
export interface ReadListener {
  rowRead(key: unknown, row: unknown): void
}

/** A table's store as all see it but the operator that keeps the table, which is told of their reads. */
export class ReportedReads<K, V> implements KeyValueStore<K, V> {
  constructor(
    private readonly store: KeyValueStore<K, V>,
    private readonly keeper: ReadListener,
  ) {}

  get name(): string {
    return this.store.name
  }

  get persistent(): boolean {
    return this.store.persistent
  }

  get(key: K): V | null {
    const row = this.store.get(key)
    if (row !== null) this.keeper.rowRead(key, row)
    return row
  }

  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.store.range(from, to, options)
  }

  all(options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.store.all(options)
  }

  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, V]> {
    return this.store.prefixScan(prefix, prefixSerde, options)
  }

  approximateNumEntries(): number {
    return this.store.approximateNumEntries()
  }

  put(key: K, value: V | null): void {
    this.store.put(key, value)
  }

  putIfAbsent(key: K, value: V): V | null {
    return this.store.putIfAbsent(key, value)
  }

  putAll(entries: Iterable<readonly [K, V | null]>): void {
    this.store.putAll(entries)
  }

  delete(key: K): V | null {
    return this.store.delete(key)
  }
}
