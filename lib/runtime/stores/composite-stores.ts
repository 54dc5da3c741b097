import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  ScanOptions,
  StateStore,
  VersionedRecord,
  VersionsOptions,
} from '../../state/store'
import { kindOfStore } from '../../state/store-kind'
import type { Windowed } from '../../record/windowed'

/**
 * One store across all partitions of this instance. Points are looked up in each; scans go through one partition
 * after the other, each in its own order. Partitions of other instances are not included.
 */
abstract class CompositeStore<P extends StateStore> implements StateStore {
  constructor(
    readonly name: string,
    protected readonly parts: () => readonly P[],
  ) {}

  get persistent(): boolean {
    return this.parts().every((part) => part.persistent)
  }

  protected first<T>(read: (part: P) => T | null): T | null {
    for (const part of this.parts()) {
      const found = read(part)
      if (found !== null) return found
    }
    return null
  }

  /** A key is in one partition: the others have nothing for it. */
  protected list<T>(read: (part: P) => readonly T[]): readonly T[] {
    return this.parts().flatMap(read)
  }

  protected async *scan<T>(scan: (part: P) => AsyncIterable<T>): AsyncGenerator<T> {
    for (const part of this.parts()) yield* scan(part)
  }
}

class CompositeKeyValueStore<K, V>
  extends CompositeStore<ReadOnlyKeyValueStore<K, V>>
  implements ReadOnlyKeyValueStore<K, V>
{
  get(key: K): V | null {
    return this.first((part) => part.get(key))
  }

  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.scan((part) => part.range(from, to, options))
  }

  all(options?: ScanOptions): AsyncIterable<[K, V]> {
    return this.scan((part) => part.all(options))
  }

  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, V]> {
    return this.scan((part) => part.prefixScan(prefix, prefixSerde, options))
  }

  approximateNumEntries(): number {
    return this.parts().reduce((sum, part) => sum + part.approximateNumEntries(), 0)
  }
}

class CompositeVersionedStore<K, V>
  extends CompositeStore<ReadOnlyVersionedKeyValueStore<K, V>>
  implements ReadOnlyVersionedKeyValueStore<K, V>
{
  get(key: K, asOf?: number): VersionedRecord<V> | null {
    return this.first((part) => part.get(key, asOf))
  }

  versions(key: K, options?: VersionsOptions): readonly VersionedRecord<V>[] {
    return this.list((part) => part.versions(key, options))
  }
}

class CompositeWindowStore<K, V>
  extends CompositeStore<ReadOnlyWindowStore<K, V>>
  implements ReadOnlyWindowStore<K, V>
{
  fetch(key: K, windowStart: number): V | null
  fetch(key: K, timeFrom: number, timeTo: number, options?: { reverse?: boolean }): ReadonlyArray<readonly [number, V]>
  fetch(
    key: K,
    timeFrom: number,
    timeTo?: number,
    options?: { reverse?: boolean },
  ): V | null | ReadonlyArray<readonly [number, V]> {
    if (timeTo === undefined) return this.first((part) => part.fetch(key, timeFrom))
    return this.list((part) => part.fetch(key, timeFrom, timeTo, options))
  }

  fetchRange(
    keyFrom: K | null,
    keyTo: K | null,
    timeFrom: number,
    timeTo: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, V]> {
    return this.scan((part) => part.fetchRange(keyFrom, keyTo, timeFrom, timeTo, options))
  }

  fetchAll(timeFrom: number, timeTo: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.scan((part) => part.fetchAll(timeFrom, timeTo, options))
  }

  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.scan((part) => part.all(options))
  }
}

class CompositeSessionStore<K, V>
  extends CompositeStore<ReadOnlySessionStore<K, V>>
  implements ReadOnlySessionStore<K, V>
{
  fetchSession(key: K, start: number, end: number): V | null {
    return this.first((part) => part.fetchSession(key, start, end))
  }

  fetch(key: K, options?: { reverse?: boolean }): ReadonlyArray<readonly [Windowed<K>, V]> {
    return this.list((part) => part.fetch(key, options))
  }

  findSessions(
    key: K,
    earliestEnd: number,
    latestStart: number,
    options?: { reverse?: boolean },
  ): ReadonlyArray<readonly [Windowed<K>, V]> {
    return this.list((part) => part.findSessions(key, earliestEnd, latestStart, options))
  }

  fetchRange(keyFrom: K | null, keyTo: K | null, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.scan((part) => part.fetchRange(keyFrom, keyTo, options))
  }

  findSessionsRange(
    keyFrom: K | null,
    keyTo: K | null,
    earliestEnd: number,
    latestStart: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, V]> {
    return this.scan((part) => part.findSessionsRange(keyFrom, keyTo, earliestEnd, latestStart, options))
  }

  findAllSessions(earliestEnd: number, latestEnd: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.scan((part) => part.findAllSessions(earliestEnd, latestEnd, options))
  }

  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.scan((part) => part.all(options))
  }
}

/** The reads that all parts support, across all of them. */
export const compositeStore = (name: string, parts: () => readonly StateStore[]): StateStore => {
  const [first] = parts()
  switch (first && kindOfStore(first)) {
    case 'session':
      return new CompositeSessionStore(name, parts as never)
    case 'window':
      return new CompositeWindowStore(name, parts as never)
    case 'versioned':
      return new CompositeVersionedStore(name, parts as never)
    default:
      return new CompositeKeyValueStore(name, parts as never)
  }
}
