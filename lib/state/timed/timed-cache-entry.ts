import type { ByteString } from '../byte-string'
import { CacheEntry } from '../cache/cache-entry'

/** A cached row: `text` is its store key. */
export class TimedCacheEntry<V> extends CacheEntry<V> {
  constructor(
    text: ByteString,
    readonly keyText: ByteString,
    readonly time: number,
    readonly second: number,
  ) {
    super(text)
  }
}

/** The cached rows of each key, by time. */
export class EntriesByKey<V> {
  readonly #byKey = new Map<ByteString, TimedCacheEntry<V>[]>()

  add(entry: TimedCacheEntry<V>): void {
    const entries = this.#byKey.get(entry.keyText)
    if (entries === undefined) this.#byKey.set(entry.keyText, [entry])
    else entries.splice(position(entries, entry.time, entry.second), 0, entry)
  }

  remove(entry: TimedCacheEntry<V>): void {
    const entries = this.#byKey.get(entry.keyText)!
    if (entries.length === 1) this.#byKey.delete(entry.keyText)
    else entries.splice(position(entries, entry.time, entry.second), 1)
  }

  /** Bounds are inclusive. */
  range(keyText: ByteString, from: number, to: number): readonly TimedCacheEntry<V>[] {
    const entries = this.#byKey.get(keyText)
    if (entries === undefined) return []
    return entries.slice(position(entries, from, -1), position(entries, to, Infinity))
  }

  clear(): void {
    this.#byKey.clear()
  }
}

/** How many of the entries come before. */
const position = <V>(entries: readonly TimedCacheEntry<V>[], time: number, second: number): number => {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]!
    if (entry.time < time || (entry.time === time && entry.second < second)) low = middle + 1
    else high = middle
  }
  return low
}
