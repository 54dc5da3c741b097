import type { Windowed } from '../record/windowed'
import { TypedKeyValueStore } from './key-value/typed-key-value-store'
import { TypedSessionStore } from './session/typed-session-store'
import type { ReadOnlyKeyValueStore, ReadOnlySessionStore, ReadOnlyWindowStore, ScanOptions, StateStore } from './store'
import { TypedWindowStore } from './window/typed-window-store'

/**
 * The reads of a store for those outside its task's processing. The task's own reads load the record cache and change its order,
 * so that they may evict entries, and with that run the operators downstream; these leave it as it is.
 */
export const outsideReads = (store: StateStore): StateStore => {
  if (store instanceof TypedKeyValueStore) return new KeyValueReads<unknown, unknown>(store)
  if (store instanceof TypedWindowStore) return new WindowReads<unknown, unknown>(store)
  if (store instanceof TypedSessionStore) return new SessionReads<unknown, unknown>(store)
  return store
}

class KeyValueReads<K, S> implements ReadOnlyKeyValueStore<K, S> {
  constructor(private readonly store: TypedKeyValueStore<K, unknown, S>) {}

  get name(): string {
    return this.store.name
  }

  get persistent(): boolean {
    return this.store.persistent
  }

  get(key: K): S | null {
    return this.store.peek(key)
  }

  range(from: K | null, to: K | null, options?: ScanOptions): AsyncIterable<[K, S]> {
    return this.store.range(from, to, options)
  }

  all(options?: ScanOptions): AsyncIterable<[K, S]> {
    return this.store.all(options)
  }

  prefixScan<P>(
    prefix: P,
    prefixSerde: { serialize(topic: string, value: P, headers: never): Buffer | null },
    options?: ScanOptions,
  ): AsyncIterable<[K, S]> {
    return this.store.prefixScan(prefix, prefixSerde, options)
  }

  approximateNumEntries(): number {
    return this.store.approximateNumEntries()
  }
}

class WindowReads<K, S> implements ReadOnlyWindowStore<K, S> {
  constructor(private readonly store: TypedWindowStore<K, unknown, S>) {}

  get name(): string {
    return this.store.name
  }

  get persistent(): boolean {
    return this.store.persistent
  }

  fetch(key: K, windowStart: number): S | null
  fetch(key: K, timeFrom: number, timeTo: number, options?: { reverse?: boolean }): Array<readonly [number, S]>
  fetch(
    key: K,
    timeFrom: number,
    timeTo?: number,
    options?: { reverse?: boolean },
  ): S | null | Array<readonly [number, S]> {
    return timeTo === undefined ? this.store.peek(key, timeFrom) : this.store.peekRange(key, timeFrom, timeTo, options)
  }

  fetchRange(
    keyFrom: K | null,
    keyTo: K | null,
    timeFrom: number,
    timeTo: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, S]> {
    return this.store.fetchRange(keyFrom, keyTo, timeFrom, timeTo, options)
  }

  fetchAll(timeFrom: number, timeTo: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, S]> {
    return this.store.fetchAll(timeFrom, timeTo, options)
  }

  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, S]> {
    return this.store.all(options)
  }
}

class SessionReads<K, V> implements ReadOnlySessionStore<K, V> {
  constructor(private readonly store: TypedSessionStore<K, V>) {}

  get name(): string {
    return this.store.name
  }

  get persistent(): boolean {
    return this.store.persistent
  }

  fetchSession(key: K, start: number, end: number): V | null {
    return this.store.peek(key, start, end)
  }

  fetch(key: K, options?: { reverse?: boolean }): Array<readonly [Windowed<K>, V]> {
    return this.store.peekSessions(key, 0, Infinity, options)
  }

  findSessions(
    key: K,
    earliestEnd: number,
    latestStart: number,
    options?: { reverse?: boolean },
  ): Array<readonly [Windowed<K>, V]> {
    return this.store.peekSessions(key, earliestEnd, latestStart, options)
  }

  fetchRange(keyFrom: K | null, keyTo: K | null, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.store.fetchRange(keyFrom, keyTo, options)
  }

  findSessionsRange(
    keyFrom: K | null,
    keyTo: K | null,
    earliestEnd: number,
    latestStart: number,
    options?: ScanOptions,
  ): AsyncIterable<[Windowed<K>, V]> {
    return this.store.findSessionsRange(keyFrom, keyTo, earliestEnd, latestStart, options)
  }

  findAllSessions(earliestEnd: number, latestEnd: number, options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.store.findAllSessions(earliestEnd, latestEnd, options)
  }

  all(options?: ScanOptions): AsyncIterable<[Windowed<K>, V]> {
    return this.store.all(options)
  }
}
