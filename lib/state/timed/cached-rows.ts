import { bytesOf, type ByteString } from '../../bytes/byte-string'
import type { FlushedEntry } from '../cache/flushed-entry'
import { NO_SLOT } from '../cache/use-order'
import { NO_HEADERS } from '../../record/headers'
import { type HeldBytes, heldContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

const INITIAL_SLOTS = 16

export interface FlushedRow<V> extends FlushedEntry<V> {
  readonly key: Buffer
  readonly time: number
  readonly second: number
}

/**
 * Cached rows, by their slots in a record cache. Numbers are kept next to each other: most rows that are used together
 * came together.
 */
export class CachedRows<V> {
  readonly #owners: (RowsOfKey<V> | null)[] = []
  readonly #values: (V | Buffer | null)[] = []
  /** Of the records that updated them last. The windows that a record updates share its context. */
  readonly #contexts: RecordContext[] = []
  times = new Float64Array(INITIAL_SLOTS)
  seconds = new Float64Array(INITIAL_SLOTS)
  #valueTimestamps = new Float64Array(INITIAL_SLOTS)

  add(slot: number, owner: RowsOfKey<V>, time: number, second: number): void {
    if (slot >= this.times.length) {
      this.times = doubled(this.times)
      this.seconds = doubled(this.seconds)
      this.#valueTimestamps = doubled(this.#valueTimestamps)
    }
    this.#owners[slot] = owner
    this.times[slot] = time
    this.seconds[slot] = second
    owner.insert(slot)
  }

  owner(slot: number): RowsOfKey<V> {
    return this.#owners[slot]!
  }

  value(slot: number): V | Buffer | null {
    return this.#values[slot]!
  }

  valueTimestamp(slot: number): number {
    return this.#valueTimestamps[slot]!
  }

  context(slot: number): RecordContext {
    return this.#contexts[slot]!
  }

  /** `bytes`: what the update was read from, if an error handler may ask for it. */
  update(
    slot: number,
    value: V | Buffer | null,
    timestamp: number,
    context: RecordContext,
    bytes: HeldBytes | null,
  ): void {
    this.#values[slot] = value
    this.#valueTimestamps[slot] = timestamp
    this.#contexts[slot] = bytes === null && context.headers.length === 0 ? context : heldContext(context, bytes)
  }

  take(slot: number): FlushedRow<V> {
    const context = this.#contexts[slot]!
    this.#contexts[slot] = NO_RECORD
    return {
      key: this.#owners[slot]!.key,
      time: this.times[slot]!,
      second: this.seconds[slot]!,
      value: this.#values[slot]!,
      valueTimestamp: this.#valueTimestamps[slot]!,
      context,
    }
  }

  remove(slot: number): void {
    this.#owners[slot]!.remove(slot)
    this.#owners[slot] = null
    this.#values[slot] = null
  }

  clear(): void {
    this.#owners.length = this.#values.length = this.#contexts.length = 0
    this.times = new Float64Array(INITIAL_SLOTS)
    this.seconds = new Float64Array(INITIAL_SLOTS)
    this.#valueTimestamps = new Float64Array(INITIAL_SLOTS)
  }
}

const NO_RECORD: RecordContext = Object.freeze({
  topic: null,
  partition: -1,
  offset: -1,
  timestamp: -1,
  headers: NO_HEADERS,
})

const doubled = (numbers: Float64Array): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}

/** The slots of a key's cached rows, by time and second number. */
export class RowsOfKey<V> {
  readonly key: Buffer
  readonly #rows: CachedRows<V>
  readonly #slots: number[] = []
  /** Where the last search ended: windows of a record are looked for one after the other, and then put. */
  #last = 0

  constructor(
    readonly keyText: ByteString,
    rows: CachedRows<V>,
  ) {
    this.key = bytesOf(keyText)
    this.#rows = rows
  }

  get size(): number {
    return this.#slots.length
  }

  at(index: number): number {
    return this.#slots[index]!
  }

  /** `NO_SLOT` if there is none. */
  find(time: number, second: number): number {
    const slots = this.#slots
    let at = this.#last
    if (this.#isAt(at, time, second)) return slots[at]!
    if (!this.#isAt(++at, time, second)) at = this.countBefore(time, second)
    this.#last = at
    return this.#isAt(at, time, second) ? slots[at]! : NO_SLOT
  }

  insert(slot: number): void {
    const slots = this.#slots
    const { times, seconds } = this.#rows
    const at = this.countBefore(times[slot]!, seconds[slot]!)
    if (at === slots.length) slots.push(slot)
    else slots.splice(at, 0, slot)
    this.#last = at
  }

  remove(slot: number): void {
    const slots = this.#slots
    // the oldest row is mostly the one that was not used for longest
    if (slots[0] === slot) slots.shift()
    else slots.splice(this.countBefore(this.#rows.times[slot]!, this.#rows.seconds[slot]!), 1)
  }

  /** How many of the rows come before this time and second number. */
  countBefore(time: number, second: number): number {
    const slots = this.#slots
    const { times, seconds } = this.#rows
    let low = 0
    let high = slots.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const slot = slots[middle]!
      const rowTime = times[slot]!
      if (rowTime < time || (rowTime === time && seconds[slot]! < second)) low = middle + 1
      else high = middle
    }
    return low
  }

  #isAt(index: number, time: number, second: number): boolean {
    if (index >= this.#slots.length) return false
    const slot = this.#slots[index]!
    const { times, seconds } = this.#rows
    return times[slot] === time && seconds[slot] === second
  }
}
