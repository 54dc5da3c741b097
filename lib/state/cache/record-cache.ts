import type { RecordCacheBudget } from '../store'
import type { CacheEntry, FlushedEntry, Superseded } from './cache-entry'
import type { HeldBytes } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'
import { NO_SLOT, UseOrder } from './use-order'

/** Taking so many entries into a flush takes as long as writing one out. */
const TAKEN_PER_STEP = 16

/** A flush of entries as they were when it began. */
interface Flush<V, E extends CacheEntry<V>> {
  readonly entries: E[]
  readonly superseded: Superseded<V, E>
  /** Those that it has written as deleted. */
  readonly deleted: E[]
  /** All that was dirty when it began is among the entries. */
  complete: boolean
  /** Which of them is written next. */
  next: number
  /** The one during whose writes it began. */
  outer: Flush<V, E> | null
}

const newFlush = <V, E extends CacheEntry<V>>(): Flush<V, E> => ({
  entries: [],
  superseded: new Map(),
  deleted: [],
  complete: false,
  next: 0,
  outer: null,
})

/**
 * The cached entries of one store: an order by use, which decides what is evicted, and an order of the dirty
 * ones, in which they are flushed. Reads don't change the latter. The caches of a processing loop share the budget;
 * the cache that exceeds it evicts its own entries.
 */
export class RecordCache<V, E extends CacheEntry<V>> {
  readonly #order = new UseOrder<E>()
  readonly #budget: RecordCacheBudget
  readonly #writeEntry: (flushed: FlushedEntry<V, E>) => void
  readonly #removed: (entry: E) => void
  #newest: E | null = null
  #dirtyEntries = 0
  #paused: Flush<V, E> | null = null
  #running: Flush<V, E> | null = null

  /**
   * `removed` is called for every entry that is no longer to be found, except by `clear`. One that is evicted can be found until it is
   * written: by operators downstream, while a flush writes those before it.
   */
  constructor(budget: RecordCacheBudget, write: (flushed: FlushedEntry<V, E>) => void, removed: (entry: E) => void) {
    this.#budget = budget
    this.#writeEntry = write
    this.#removed = removed
  }

  /** The most recently used entry. */
  get newest(): E | null {
    return this.#newest
  }

  /** Makes it the most recently used. */
  touch(entry: E): void {
    if (entry.slot === NO_SLOT) this.#readmit(entry)
    else this.#order.use(entry)
    this.#newest = entry
  }

  add(entry: E): void {
    this.#order.add(entry)
    this.#newest = entry
  }

  /** Gives it a value, and moves it to the end of the dirty order. */
  update(entry: E, value: V | Buffer | null, timestamp: number, by: RecordContext, bytes: HeldBytes | null): void {
    if (this.#paused !== null) this.#takeDirty(this.#paused)
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
  resize(entry: E, size: number): void {
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
    return this.#dirtyEntries === 0 || this.#write(newFlush(), due)
  }

  /** Dirty or not, in no order; one may come twice. */
  *entries(): Iterable<E> {
    yield* this.#order.entries()
    yield* this.#unwritten()
  }

  /** Those that are not written yet, in no order; one may come twice. */
  *dirtyEntries(): Iterable<E> {
    if (this.#dirtyEntries > 0) yield* this.#order.updated()
    yield* this.#unwritten()
  }

  /** Returns its part of the budget; dirty entries are lost. */
  clear(): void {
    for (const entry of this.#order.entries()) this.#budget.usedBytes -= entry.size
    this.#order.clear()
    this.#newest = null
    this.#dirtyEntries = 0
    this.#paused = null
  }

  #evict(entry: E): void {
    if (this.#paused !== null) {
      this.#resume()
      if (entry.slot === NO_SLOT) return
    }
    const flush = entry.dirty ? newFlush<V, E>() : null
    // it goes first
    if (flush !== null) this.#take(entry, flush)
    const { size } = entry
    this.#takeOut(entry)
    try {
      if (flush !== null) this.#write(flush)
    } finally {
      // as in Kafka Streams it counts until its effects are done, for the caches downstream, too
      this.#budget.usedBytes -= size
    }
  }

  /** Takes what is dirty into a flush. False: it was due to pause. */
  #takeDirty(flush: Flush<V, E>, due?: () => boolean): boolean {
    while (!flush.complete) {
      const entry = this.#order.takeUpdated()
      if (entry === undefined) flush.complete = true
      else this.#take(entry, flush)
      if (flush.entries.length % TAKEN_PER_STEP === 0 && due?.()) return false
    }
    return true
  }

  #take(entry: E, { entries, superseded }: Flush<V, E>): void {
    entry.dirty = false
    this.#dirtyEntries--
    entry.flush = superseded
    entries.push(entry)
  }

  /** What flushes have taken, and not written yet. */
  *#unwritten(): Iterable<E> {
    for (let flush = this.#paused ?? this.#running; flush !== null; flush = flush.outer) {
      yield* flush.entries.slice(flush.next)
    }
  }

  #resume(due?: () => boolean): boolean {
    const flush = this.#paused!
    this.#paused = null
    return this.#write(flush, due)
  }

  #write(flush: Flush<V, E>, due?: () => boolean): boolean {
    flush.outer = this.#running
    this.#running = flush
    try {
      const isDone = this.#takeDirty(flush, due) && this.#writeEach(flush, due)
      if (!isDone) this.#paused = flush
      return isDone
    } finally {
      this.#running = flush.outer
    }
  }

  #writeEach(flush: Flush<V, E>, due?: () => boolean): boolean {
    const { entries, superseded, deleted } = flush
    while (flush.next < entries.length) {
      // taken one by one: a flush may be of all entries, which would be copied by the garbage collector while they wait
      const entry = entries[flush.next++]!
      const flushed = superseded.get(entry) ?? this.#taken(entry)
      if (flushed.value === null) deleted.push(entry)
      this.#writeEntry(flushed)
      // not asked after the last one: a pause that is due there would be lost to the caches that follow
      if (flush.next < entries.length && due?.()) return false
    }
    for (const entry of deleted) {
      // deletes are no longer kept, unless their effects wrote the key again
      if (entry.value !== null || entry.dirty || entry.slot === NO_SLOT) continue
      this.#budget.usedBytes -= entry.size
      this.#takeOut(entry)
    }
    return true
  }

  /** Its size is still in the budget. */
  #takeOut(entry: E): void {
    this.#order.remove(entry)
    if (entry === this.#newest) this.#newest = null
    if (entry.flush === null) this.#removed(entry)
  }

  /** It was evicted, and is used before it is written. */
  #readmit(entry: E): void {
    this.#order.add(entry)
    this.#budget.usedBytes += entry.size
  }

  /** For the flush that writes it next. */
  #taken(entry: E): FlushedEntry<V, E> {
    const flushed = taken<V, E>(entry)
    if (entry.slot === NO_SLOT) this.#removed(entry)
    return flushed
  }
}

/** As it is now, for its flush, which it no longer waits for. */
const taken = <V, E extends CacheEntry<V>>(entry: E): FlushedEntry<V, E> => {
  entry.flush = null
  return { entry, value: entry.value, valueTimestamp: entry.valueTimestamp, context: entry.takeContext() }
}
