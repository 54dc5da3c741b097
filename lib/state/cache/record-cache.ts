import type { ByteString } from '../byte-string'
import type { RecordCacheBudget } from '../store'
import type { CacheEntry, FlushedEntry, Superseded } from './cache-entry'
import { EntryIndex } from './entry-index'
import { type HeldBytes, HeldRecordContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'
import { NO_SLOT, UseOrder } from './use-order'

/** A flush of entries as they were when it began. */
interface Flush<V> {
  readonly entries: readonly CacheEntry<V>[]
  readonly superseded: Superseded<V>
  /** Which of them is written next. */
  next: number
}

/**
 * The cached entries of one store: an order by use, which decides what is evicted, and an order of the dirty
 * ones, in which they are flushed. Reads don't change the latter. The caches of a processing loop share the budget;
 * the cache that exceeds it evicts its own entries.
 */
export class RecordCache<V> {
  readonly #index = new EntryIndex<CacheEntry<V>>()
  readonly #order = new UseOrder<CacheEntry<V>>()
  readonly #budget: RecordCacheBudget
  readonly #writeEntry: (flushed: FlushedEntry<V>) => void
  #newest: CacheEntry<V> | null = null
  #dirtyEntries = 0
  #paused: Flush<V> | null = null

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
    this.#writeEntry = write
  }

  /** The most recently used entry. */
  get newest(): CacheEntry<V> | null {
    return this.#newest
  }

  /** Found by the key itself, if that is a primitive with unique bytes: saves serializing it. */
  byKey(key: unknown): CacheEntry<V> | undefined {
    return this.#index.byKey(key)
  }

  byText(text: ByteString): CacheEntry<V> | undefined {
    return this.#index.byText(text)
  }

  /** Of several keys with the same bytes, the first. */
  index(entry: CacheEntry<V>, key: unknown): void {
    if (entry.key === undefined) this.#index.addKey(entry, key)
  }

  /** Makes it the most recently used. */
  touch(entry: CacheEntry<V>): void {
    this.#order.use(entry)
    this.#newest = entry
  }

  add(entry: CacheEntry<V>): void {
    if (this.indexed) this.#index.add(entry)
    this.#order.add(entry)
    this.#newest = entry
  }

  /** Gives it a value, and moves it to the end of the dirty order. */
  update(
    entry: CacheEntry<V>,
    value: V | Buffer | null,
    timestamp: number,
    by: RecordContext,
    bytes: HeldBytes | null,
  ): void {
    const { flush } = entry
    if (flush !== null) flush.set(entry, taken(entry))
    entry.value = value
    entry.valueTimestamp = timestamp
    entry.updatedBy(by, bytes)
    this.#order.update(entry)
    this.#newest = entry
    if (entry.dirty) return
    entry.dirty = true
    this.#dirtyEntries++
  }

  /** Sets its size, and evicts entries if that exceeds the budget. */
  resize(entry: CacheEntry<V>, size: number): void {
    const budget = this.#budget
    budget.usedBytes += size - entry.size
    entry.size = size
    while (budget.usedBytes > budget.maxBytes) {
      const oldest = this.#order.leastRecentlyUsed()
      if (oldest === undefined) return
      this.#evict(oldest)
    }
  }

  /**
   * Flushes all dirty entries, in order. It pauses after the entry at which `due` is true, and returns false: the next call
   * continues. What is updated in between is flushed by the call after the one that ends it.
   */
  flush(due?: () => boolean): boolean {
    if (this.#paused !== null) return this.#resume(due)
    return this.#dirtyEntries === 0 || this.#write(this.#begin([]), due)
  }

  /** Dirty or not, in no order. */
  entries(): Iterable<CacheEntry<V>> {
    return this.#order.entries()
  }

  /** Those that are not written yet, in no order; one may come twice. */
  dirtyEntries(): Iterable<CacheEntry<V>> {
    const updated = this.#dirtyEntries === 0 ? [] : this.#order.updated()
    return this.#paused === null ? updated : updated.concat(this.#paused.entries.slice(this.#paused.next))
  }

  /** Returns its part of the budget; dirty entries are lost. */
  clear(): void {
    for (const entry of this.#order.entries()) this.#budget.usedBytes -= entry.size
    this.#index.clear()
    this.#order.clear()
    this.#newest = null
    this.#dirtyEntries = 0
    this.#paused = null
  }

  #evict(entry: CacheEntry<V>): void {
    if (this.#paused !== null) this.#resume()
    const size = this.#takeOut(entry)
    try {
      if (entry.dirty) this.#write(this.#begin([entry]))
    } finally {
      // as in Kafka Streams it counts until its effects are done, for the caches downstream, too
      this.#budget.usedBytes -= size
    }
  }

  /** `evicted` is an entry that goes first. */
  #begin(evicted: readonly CacheEntry<V>[]): Flush<V> {
    const entries = [...evicted, ...this.#order.takeUpdated()]
    this.#dirtyEntries = 0
    const superseded: Superseded<V> = new Map()
    for (const entry of entries) {
      entry.dirty = false
      entry.flush = superseded
    }
    return { entries, superseded, next: 0 }
  }

  #resume(due?: () => boolean): boolean {
    const flush = this.#paused!
    this.#paused = null
    return this.#write(flush, due)
  }

  #write(flush: Flush<V>, due?: () => boolean): boolean {
    const { entries, superseded } = flush
    while (flush.next < entries.length) {
      // taken one by one: a flush may be of all entries, which would be copied by the garbage collector while they wait
      const entry = entries[flush.next++]!
      this.#writeEntry(superseded.get(entry) ?? taken(entry))
      if (due?.() && flush.next < entries.length) {
        this.#paused = flush
        return false
      }
    }
    for (const entry of entries) {
      // deletes are no longer kept, unless their effects wrote the key again
      if (entry.value === null && !entry.dirty && entry.slot !== NO_SLOT) this.#budget.usedBytes -= this.#takeOut(entry)
    }
    return true
  }

  /** Returns its size, which is still in the budget. */
  #takeOut(entry: CacheEntry<V>): number {
    const { size } = entry
    if (this.indexed) this.#index.delete(entry)
    this.#order.remove(entry)
    if (entry === this.#newest) this.#newest = null
    entry.size = 0
    this.removed?.(entry)
    return size
  }
}

/** As it is now, for its flush, which it no longer waits for. */
const taken = <V>(entry: CacheEntry<V>): FlushedEntry<V> => {
  entry.flush = null
  const { value, valueTimestamp, topic, partition, offset, timestamp, headers, bytes } = entry
  entry.bytes = null
  const context = new HeldRecordContext(topic, partition, offset, timestamp, headers, bytes)
  return { entry, value, valueTimestamp, context }
}
