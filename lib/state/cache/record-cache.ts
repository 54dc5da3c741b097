import type { RecordCacheBudget } from '../store'
import type { FlushedEntry } from './flushed-entry'
import { NO_SLOT, UseOrder } from './use-order'

/** Taking so many entries into a flush takes as long as writing one out. */
const TAKEN_PER_STEP = 16
const INITIAL_SLOTS = 16
/** No flush's number. */
const NO_FLUSH = 0

/** What a store keeps of the entries of its cache, by their slots. */
export interface CachedValues<F extends FlushedEntry<unknown>> {
  isDeleted(slot: number): boolean
  /** The entry as it is now. It no longer needs the context of its last update. */
  take(slot: number): F
  write(flushed: F): void
  /**
   * Called for every entry that is no longer to be found, except by `clear`: its slot will be another one's. An entry that is
   * evicted can be found until it is written: by operators downstream, while a flush writes those before it.
   */
  removed(slot: number): void
}

/** A flush of entries as they were when it began. */
interface Flush<F> {
  readonly number: number
  readonly slots: number[]
  /** What it has still to write of entries that its effects have updated. */
  readonly superseded: Map<number, F>
  /** Those that it has written as deleted. */
  readonly deleted: number[]
  /** All that was dirty when it began is among the entries. */
  complete: boolean
  /** Which of them is written next. */
  next: number
  /** The one during whose writes it began. */
  outer: Flush<F> | null
}

/**
 * The cached entries of one store: an order by use, which decides what is evicted, and an order of the dirty
 * ones, in which they are flushed. Reads don't change the latter. The caches of a processing loop share the budget;
 * the cache that exceeds it evicts its own entries.
 *
 * It knows entries by their slots only, small numbers which index arrays: an entry that were an object would be copied and
 * followed by the garbage collector, and waited for whenever it is used or evicted.
 */
export class RecordCache<F extends FlushedEntry<unknown>> {
  readonly #order = new UseOrder()
  readonly #budget: RecordCacheBudget
  readonly #values: CachedValues<F>
  /** By slot: its size in the budget. */
  #sizes = new Int32Array(INITIAL_SLOTS)
  /** By slot: the number of the flush that has yet to write it as it is. */
  #flushOf = new Int32Array(INITIAL_SLOTS)
  #free: number[] = []
  /** Slots from here on were never used. */
  #end = 0
  #newest = NO_SLOT
  #dirtyEntries = 0
  #flushes = NO_FLUSH
  #paused: Flush<F> | null = null
  #running: Flush<F> | null = null
  /** What a flush has still to write of entries that were updated while it was paused. */
  readonly #updatedInPause = new Map<number, F>()

  constructor(budget: RecordCacheBudget, values: CachedValues<F>) {
    this.#budget = budget
    this.#values = values
  }

  /** The most recently used entry. */
  get newest(): number {
    return this.#newest
  }

  /** Makes it the most recently used. */
  touch(slot: number): void {
    if (this.#order.has(slot)) this.#order.use(slot)
    else this.#readmit(slot)
    this.#newest = slot
  }

  /** The slot of a new entry. */
  add(): number {
    const slot = this.#free.pop() ?? this.#end++
    if (slot === this.#sizes.length) {
      this.#sizes = doubled(this.#sizes)
      this.#flushOf = doubled(this.#flushOf)
    }
    this.#sizes[slot] = 0
    this.#order.add(slot)
    this.#newest = slot
    return slot
  }

  /** To be called before it gets a value. Moves it to the end of the dirty order. */
  update(slot: number): void {
    if (this.#paused !== null) this.#takeDirty(this.#paused)
    const number = this.#flushOf[slot]!
    if (number !== NO_FLUSH) this.#supersede(slot, number)
    if (!this.#order.hasUpdate(slot)) this.#dirtyEntries++
    this.#order.update(slot)
    this.#newest = slot
  }

  /** Sets its size, and evicts entries if that exceeds the budget. */
  resize(slot: number, size: number): void {
    const budget = this.#budget
    budget.usedBytes += size - this.#sizes[slot]!
    this.#sizes[slot] = size
    while (budget.usedBytes > budget.maxBytes) {
      if (this.#paused !== null) {
        this.#resume()
        continue
      }
      const oldest = this.#order.leastRecentlyUsed()
      if (oldest === NO_SLOT) return
      this.#evict(oldest)
    }
  }

  /**
   * Flushes all dirty entries, in order. It pauses after the entry at which `due` is true, and returns false: the next call
   * continues. What is updated in between is flushed by the call after the one that ends it.
   */
  flush(due?: () => boolean): boolean {
    if (this.#paused !== null) return this.#resume(due)
    return this.#dirtyEntries === 0 || this.#write(this.#newFlush(), due)
  }

  /** Dirty or not, in no order; one may come twice. */
  *entries(): Iterable<number> {
    yield* this.#order.slots()
    yield* this.#unwritten()
  }

  /** Those that are not written yet, in no order; one may come twice. */
  *dirtyEntries(): Iterable<number> {
    if (this.#dirtyEntries > 0) yield* this.#order.updated()
    yield* this.#unwritten()
  }

  /** Returns its part of the budget; dirty entries are lost. */
  clear(): void {
    for (const slot of this.#order.slots()) this.#budget.usedBytes -= this.#sizes[slot]!
    this.#order.clear()
    this.#sizes = new Int32Array(INITIAL_SLOTS)
    this.#flushOf = new Int32Array(INITIAL_SLOTS)
    this.#free = []
    this.#end = 0
    this.#newest = NO_SLOT
    this.#dirtyEntries = 0
    this.#paused = null
    this.#updatedInPause.clear()
  }

  #newFlush(): Flush<F> {
    const number = (this.#flushes = (this.#flushes % LARGEST_NUMBER) + 1)
    return { number, slots: [], superseded: new Map(), deleted: [], complete: false, next: 0, outer: null }
  }

  #evict(slot: number): void {
    const flush = this.#order.hasUpdate(slot) ? this.#newFlush() : null
    // it goes first
    if (flush !== null) this.#take(slot, flush)
    const size = this.#sizes[slot]!
    this.#takeOut(slot)
    try {
      if (flush !== null) this.#write(flush)
    } finally {
      // as in Kafka Streams it counts until its effects are done, for the caches downstream, too
      this.#budget.usedBytes -= size
    }
  }

  /** Takes what is dirty into a flush. False: it was due to pause. */
  #takeDirty(flush: Flush<F>, due?: () => boolean): boolean {
    while (!flush.complete) {
      const slot = this.#order.takeUpdated()
      if (slot === NO_SLOT) flush.complete = true
      else this.#take(slot, flush)
      if (flush.slots.length % TAKEN_PER_STEP === 0 && due?.()) return false
    }
    return true
  }

  #take(slot: number, { number, slots }: Flush<F>): void {
    this.#dirtyEntries--
    this.#flushOf[slot] = number
    slots.push(slot)
  }

  /** It is updated before the flush with this number has written it. */
  #supersede(slot: number, number: number): void {
    if (this.#paused !== null) {
      this.#updatedInPause.set(slot, this.#values.take(slot))
    } else {
      let flush = this.#running
      while (flush !== null && flush.number !== number) flush = flush.outer
      flush?.superseded.set(slot, this.#values.take(slot))
    }
    this.#flushOf[slot] = NO_FLUSH
  }

  /** What flushes have taken, and not written yet. */
  *#unwritten(): Iterable<number> {
    for (let flush = this.#paused ?? this.#running; flush !== null; flush = flush.outer) {
      for (const slot of flush.slots.slice(flush.next)) {
        if (this.#flushOf[slot] === flush.number) yield slot
      }
    }
  }

  #resume(due?: () => boolean): boolean {
    const flush = this.#paused!
    this.#paused = null
    return this.#write(flush, due)
  }

  #write(flush: Flush<F>, due?: () => boolean): boolean {
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

  #writeEach(flush: Flush<F>, due?: () => boolean): boolean {
    const { slots } = flush
    while (flush.next < slots.length) {
      this.#writeNext(flush)
      // not asked after the last one: a pause that is due there would be lost to the caches that follow
      if (flush.next < slots.length && due?.()) return false
    }
    for (const slot of flush.deleted) {
      // deletes are no longer kept, unless their effects wrote the key again
      if (!this.#order.has(slot) || this.#order.hasUpdate(slot) || !this.#values.isDeleted(slot)) continue
      this.#budget.usedBytes -= this.#sizes[slot]!
      this.#takeOut(slot)
    }
    return true
  }

  /**
   * Not in the loop over them: V8 compiles a loop as long as a flush while it runs, and once it has to give that up, it may interpret
   * the loop for as long as the process lives.
   */
  #writeNext(flush: Flush<F>): void {
    // taken one by one: a flush may be of all entries, which would be copied by the garbage collector while they wait
    const slot = flush.slots[flush.next++]!
    if (this.#updatedInPause.size > 0) this.#writeFromPause(slot)
    const flushed = this.#flushOf[slot] === flush.number ? this.#taken(slot) : flush.superseded.get(slot)
    // it was updated in a pause
    if (flushed === undefined) return
    if (flushed.value === null) flush.deleted.push(slot)
    this.#values.write(flushed)
  }

  /**
   * By whichever flush comes to the entry first: one that evicts it writes its update, too. As in Kafka Streams, what effects of a flush
   * have updated is written by that flush, even where it is older than what was evicted in between.
   */
  #writeFromPause(slot: number): void {
    const flushed = this.#updatedInPause.get(slot)
    if (flushed === undefined) return
    this.#updatedInPause.delete(slot)
    this.#values.write(flushed)
  }

  /** Its size is still in the budget. */
  #takeOut(slot: number): void {
    this.#order.remove(slot)
    if (slot === this.#newest) this.#newest = NO_SLOT
    if (this.#flushOf[slot] === NO_FLUSH) this.#remove(slot)
  }

  /** It was evicted, and is used before it is written. */
  #readmit(slot: number): void {
    this.#order.add(slot)
    this.#budget.usedBytes += this.#sizes[slot]!
  }

  /** For the flush that writes it next, and which it no longer waits for. */
  #taken(slot: number): F {
    this.#flushOf[slot] = NO_FLUSH
    const flushed = this.#values.take(slot)
    if (!this.#order.has(slot)) this.#remove(slot)
    return flushed
  }

  #remove(slot: number): void {
    this.#values.removed(slot)
    this.#free.push(slot)
  }
}

const LARGEST_NUMBER = 0x7fffffff

const doubled = (numbers: Int32Array): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}
