import type { RecordContext } from '../../operators/record'
import type { ByteString } from '../byte-string'
import type { RecordCacheBudget } from '../store'
import type { CacheEntry } from './cache-entry'

/** A dirty entry as it was when its flush began: forwarding it may lead to new updates of the same store. */
export interface FlushedEntry<V> {
  readonly entry: CacheEntry<V>
  readonly value: V | Buffer | null
  readonly valueTimestamp: number
  readonly context: RecordContext
}

/**
 * The entries of one store that are cached: an order by use, which decides what is evicted, and an order of the dirty
 * ones, in which they are flushed. Reads don't change the latter. The budget is shared by the caches of a stream loop;
 * the cache that goes beyond it makes room among its own entries.
 */
export class RecordCache<V> {
  readonly #entries = new Map<ByteString, CacheEntry<V>>()
  /** By the key itself, where that is a primitive with bytes of its own: saves serializing it. */
  readonly #index = new Map<unknown, CacheEntry<V>>()
  readonly #budget: RecordCacheBudget
  readonly #write: (flushed: FlushedEntry<V>) => void
  #newest: CacheEntry<V> | null = null
  #oldest: CacheEntry<V> | null = null
  #firstDirty: CacheEntry<V> | null = null
  #lastDirty: CacheEntry<V> | null = null

  constructor(budget: RecordCacheBudget, write: (flushed: FlushedEntry<V>) => void) {
    this.#budget = budget
    this.#write = write
  }

  byKey(key: unknown): CacheEntry<V> | undefined {
    return this.#index.get(key)
  }

  byText(text: ByteString): CacheEntry<V> | undefined {
    return this.#entries.get(text)
  }

  index(entry: CacheEntry<V>, key: unknown): void {
    this.#index.set(key, entry)
    entry.key = key
  }

  /** Makes it the most recently used. */
  touch(entry: CacheEntry<V>): void {
    if (entry === this.#newest) return
    this.#unlink(entry)
    this.#linkNewest(entry)
  }

  add(entry: CacheEntry<V>): void {
    this.#entries.set(entry.text, entry)
    this.#linkNewest(entry)
  }

  /** Moves it to the end of the dirty order. */
  markDirty(entry: CacheEntry<V>): void {
    if (entry === this.#lastDirty) return
    if (entry.dirty) this.#unlinkDirty(entry)
    entry.dirty = true
    entry.previousDirty = this.#lastDirty
    if (this.#lastDirty === null) this.#firstDirty = entry
    else this.#lastDirty.nextDirty = entry
    this.#lastDirty = entry
  }

  /** Sets what it counts, and makes room if that is too much. */
  resize(entry: CacheEntry<V>, size: number): void {
    const budget = this.#budget
    budget.usedBytes += size - entry.size
    entry.size = size
    while (budget.usedBytes > budget.maxBytes && this.#oldest !== null) this.#evict(this.#oldest)
  }

  /** Writes all dirty entries out, in order. */
  flush(): void {
    if (this.#firstDirty !== null) this.#flush(null)
  }

  *dirtyEntries(): Generator<CacheEntry<V>> {
    for (let entry = this.#firstDirty; entry !== null; entry = entry.nextDirty) yield entry
  }

  /** Gives its part of the budget back; what is dirty is lost. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#budget.usedBytes -= entry.size
    this.#entries.clear()
    this.#index.clear()
    this.#newest = this.#oldest = this.#firstDirty = this.#lastDirty = null
  }

  #evict(entry: CacheEntry<V>): void {
    this.#remove(entry)
    if (entry.dirty) this.#flush(entry)
  }

  #flush(evicted: CacheEntry<V> | null): void {
    const flushed: FlushedEntry<V>[] = []
    if (evicted !== null) this.#clean(evicted, flushed)
    while (this.#firstDirty !== null) this.#clean(this.#firstDirty, flushed)
    for (const each of flushed) this.#write(each)
    for (const { entry } of flushed) {
      // deletes are kept no longer, unless what they led to wrote the key again
      if (entry.value === null && !entry.dirty && this.#entries.get(entry.text) === entry) this.#remove(entry)
    }
  }

  #clean(entry: CacheEntry<V>, flushed: FlushedEntry<V>[]): void {
    this.#unlinkDirty(entry)
    const { value, valueTimestamp, topic, partition, offset, timestamp, headers } = entry
    flushed.push({ entry, value, valueTimestamp, context: { topic, partition, offset, timestamp, headers } })
  }

  #remove(entry: CacheEntry<V>): void {
    this.#unlink(entry)
    this.#entries.delete(entry.text)
    if (entry.key !== undefined) this.#index.delete(entry.key)
    this.#budget.usedBytes -= entry.size
    entry.size = 0
  }

  #linkNewest(entry: CacheEntry<V>): void {
    entry.older = this.#newest
    if (this.#newest === null) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  #unlink(entry: CacheEntry<V>): void {
    const { newer, older } = entry
    if (newer === null) this.#newest = older
    else newer.older = older
    if (older === null) this.#oldest = newer
    else older.newer = newer
    entry.newer = entry.older = null
  }

  #unlinkDirty(entry: CacheEntry<V>): void {
    const { nextDirty, previousDirty } = entry
    if (nextDirty === null) this.#lastDirty = previousDirty
    else nextDirty.previousDirty = previousDirty
    if (previousDirty === null) this.#firstDirty = nextDirty
    else previousDirty.nextDirty = nextDirty
    entry.nextDirty = entry.previousDirty = null
    entry.dirty = false
  }
}
