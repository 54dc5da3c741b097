import type { ByteString } from '../byte-string'
import type { RecordCacheBudget } from '../store'
import type { CacheEntry, FlushedEntry, Superseded } from './cache-entry'
import { EntryIndex } from './entry-index'
import { type HeldBytes, HeldRecordContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'
import { NO_SLOT, UseOrder } from './use-order'

/**
 * The cached entries of one store: an order by use, which decides what is evicted, and an order of the dirty
 * ones, in which they are flushed. Reads don't change the latter. The caches of a processing loop share the budget;
 * the cache that exceeds it evicts its own entries.
 */
export class RecordCache<V> {
  readonly #index = new EntryIndex<CacheEntry<V>>()
  readonly #order = new UseOrder<CacheEntry<V>>()
  readonly #budget: RecordCacheBudget
  readonly #write: (flushed: FlushedEntry<V>) => void
  #newest: CacheEntry<V> | null = null
  #dirtyEntries = 0

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

  /** Flushes all dirty entries, in order. */
  flush(): void {
    if (this.#dirtyEntries > 0) this.#flush([])
  }

  /** Dirty or not, in no order. */
  entries(): Iterable<CacheEntry<V>> {
    return this.#order.entries()
  }

  dirtyEntries(): Iterable<CacheEntry<V>> {
    return this.#dirtyEntries === 0 ? [] : this.#order.updated()
  }

  /** Returns its part of the budget; dirty entries are lost. */
  clear(): void {
    for (const entry of this.#order.entries()) this.#budget.usedBytes -= entry.size
    this.#index.clear()
    this.#order.clear()
    this.#newest = null
    this.#dirtyEntries = 0
  }

  #evict(entry: CacheEntry<V>): void {
    const size = this.#takeOut(entry)
    try {
      if (entry.dirty) this.#flush([entry])
    } finally {
      // as in Kafka Streams it counts until its effects are done, for the caches downstream, too
      this.#budget.usedBytes -= size
    }
  }

  /** `evicted` is an entry that goes first. */
  #flush(evicted: readonly CacheEntry<V>[]): void {
    const dirty = [...evicted, ...this.#order.takeUpdated()]
    this.#dirtyEntries = 0
    const superseded: Superseded<V> = new Map()
    for (const entry of dirty) {
      entry.dirty = false
      entry.flush = superseded
    }
    // taken one by one: a flush may be of all entries, which would be copied by the garbage collector while they wait
    for (const entry of dirty) this.#write(superseded.get(entry) ?? taken(entry))
    for (const entry of dirty) {
      // deletes are no longer kept, unless their effects wrote the key again
      if (entry.value === null && !entry.dirty && entry.slot !== NO_SLOT) this.#budget.usedBytes -= this.#takeOut(entry)
    }
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
