import type { ByteString } from '../byte-string'
import type { RecordCacheBudget } from '../store'
import type { CacheEntry } from './cache-entry'
import { KeyIndex } from './key-index'
import type { RecordContext } from '../../record/record-context'

/** A dirty entry as it was when its flush began: forwarding it may lead to new updates of the same store. */
export interface FlushedEntry<V> {
  readonly entry: CacheEntry<V>
  readonly value: V | Buffer | null
  readonly valueTimestamp: number
  readonly context: RecordContext
}

/**
 * The cached entries of one store: an order by use, which decides what is evicted, and an order of the dirty
 * ones, in which they are flushed. Reads don't change the latter. The caches of a processing loop share the budget;
 * the cache that exceeds it evicts its own entries.
 *
 * Both orders are kept as numbers in the entries and sorted when they are needed: a use of an entry touches no other,
 * where linked lists would touch four that are not in the processor's caches.
 */
export class RecordCache<V> {
  /** By their texts, or by themselves where their owner finds them. */
  readonly #entries = new Map<unknown, CacheEntry<V>>()
  /** By the key itself, if that is a primitive with unique bytes: saves serializing it. */
  readonly #index = new KeyIndex<CacheEntry<V>>()
  readonly #budget: RecordCacheBudget
  readonly #write: (flushed: FlushedEntry<V>) => void
  #newest: CacheEntry<V> | null = null
  /** Counts uses and updates. */
  #clock = 0
  #dirty: CacheEntry<V>[] = []
  /** The entries by use as of the last sorting, least recently used last, and when each was used then. */
  #byUse: { entry: CacheEntry<V>; usedAt: number }[] = []

  /**
   * `removed` is called for every entry that leaves the cache, except by `clear`. Unless it is `indexed`, entries have no
   * texts, and are found by their owner alone.
   */
  constructor(
    budget: RecordCacheBudget,
    write: (flushed: FlushedEntry<V>) => void,
    private readonly removed?: (entry: CacheEntry<V>) => void,
    private readonly indexed = true,
  ) {
    this.#budget = budget
    this.#write = write
  }

  /** The most recently used entry. */
  get newest(): CacheEntry<V> | null {
    return this.#newest
  }

  byKey(key: unknown): CacheEntry<V> | undefined {
    return this.#index.get(key)
  }

  byText(text: ByteString): CacheEntry<V> | undefined {
    return this.#entries.get(text)
  }

  /** Of several keys with the same bytes, the first. */
  index(entry: CacheEntry<V>, key: unknown): void {
    if (entry.key !== undefined) return
    entry.key = key
    this.#index.add(entry)
  }

  /** Makes it the most recently used. */
  touch(entry: CacheEntry<V>): void {
    entry.usedAt = ++this.#clock
    this.#newest = entry
  }

  add(entry: CacheEntry<V>): void {
    this.#entries.set(this.#idOf(entry), entry)
    this.touch(entry)
  }

  /** Moves it to the end of the dirty order. */
  markDirty(entry: CacheEntry<V>): void {
    entry.dirtyAt = ++this.#clock
    if (entry.dirty) return
    entry.dirty = true
    this.#dirty.push(entry)
  }

  /** Sets its size, and evicts entries if that exceeds the budget. */
  resize(entry: CacheEntry<V>, size: number): void {
    const budget = this.#budget
    budget.usedBytes += size - entry.size
    entry.size = size
    while (budget.usedBytes > budget.maxBytes) {
      const oldest = this.#leastRecentlyUsed()
      if (oldest === undefined) return
      this.#evict(oldest)
    }
  }

  /** Flushes all dirty entries, in order. */
  flush(): void {
    if (this.#dirty.length > 0) this.#flush(null)
  }

  /** Dirty or not, in no order. */
  entries(): IterableIterator<CacheEntry<V>> {
    return this.#entries.values()
  }

  /** In no order. */
  dirtyEntries(): Iterable<CacheEntry<V>> {
    return this.#dirty
  }

  /** Returns its part of the budget; dirty entries are lost. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#budget.usedBytes -= entry.size
    this.#entries.clear()
    this.#index.clear()
    this.#newest = null
    this.#dirty = []
    this.#byUse = []
  }

  #leastRecentlyUsed(): CacheEntry<V> | undefined {
    for (;;) {
      // entries used or removed since the sorting are no longer the oldest
      for (let last = this.#byUse.pop(); last !== undefined; last = this.#byUse.pop()) {
        if (last.entry.usedAt === last.usedAt) return last.entry
      }
      if (this.#entries.size === 0) return undefined
      for (const entry of this.#entries.values()) this.#byUse.push({ entry, usedAt: entry.usedAt })
      this.#byUse.sort((a, b) => b.usedAt - a.usedAt)
    }
  }

  #evict(entry: CacheEntry<V>): void {
    const size = this.#takeOut(entry)
    try {
      if (entry.dirty) this.#flush(entry)
    } finally {
      // as in Kafka Streams it counts until its effects are done, for the caches downstream, too
      this.#budget.usedBytes -= size
    }
  }

  #flush(evicted: CacheEntry<V> | null): void {
    const dirty = this.#dirty.sort((a, b) => a.dirtyAt - b.dirtyAt)
    this.#dirty = []
    const flushed: FlushedEntry<V>[] = []
    if (evicted !== null) flushed.push(cleaned(evicted))
    for (const entry of dirty) if (entry !== evicted) flushed.push(cleaned(entry))
    for (const each of flushed) this.#write(each)
    for (const { entry } of flushed) {
      // deletes are no longer kept, unless their effects wrote the key again
      if (entry.value === null && !entry.dirty && this.#entries.get(this.#idOf(entry)) === entry) {
        this.#budget.usedBytes -= this.#takeOut(entry)
      }
    }
  }

  #idOf(entry: CacheEntry<V>): unknown {
    return this.indexed ? entry.text : entry
  }

  /** Returns its size, which is still in the budget. */
  #takeOut(entry: CacheEntry<V>): number {
    const { size } = entry
    this.#entries.delete(this.#idOf(entry))
    if (entry.key !== undefined) this.#index.delete(entry)
    if (entry === this.#newest) this.#newest = null
    entry.size = 0
    entry.usedAt = REMOVED
    this.removed?.(entry)
    return size
  }
}

const REMOVED = -1

/** As it is now, and no longer dirty. */
function cleaned<V>(entry: CacheEntry<V>): FlushedEntry<V> {
  entry.dirty = false
  const { value, valueTimestamp, topic, partition, offset, timestamp, headers } = entry
  return { entry, value, valueTimestamp, context: { topic, partition, offset, timestamp, headers } }
}
