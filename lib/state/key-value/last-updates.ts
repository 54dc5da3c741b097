import { keptHeaders, NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { type HeldBytes, HeldRecordContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

const INITIAL_SLOTS = 16

/** Where in the numbers of a slot. */
const VALUE_TIMESTAMP = 0
const OFFSET = 1
const TIMESTAMP = 2
const PARTITION = 3
const NUMBERS = 4

/**
 * What the cached keys of a key-value store were updated to last, and by which record, by their slots in a record cache. It is mostly an old entry
 * that is updated, so that the context of the update is copied: the garbage collector would have to follow a pointer from an old object to a new one.
 */
export class LastUpdates<V> {
  /** Bytes if the value itself can't be kept; `null` means deleted. */
  readonly #values: (V | Buffer | null)[] = []
  readonly #topics: (string | null)[] = []
  /** Of slots whose record has headers or bytes to keep: few do, so that they take no memory of the others. */
  readonly #extras = new Map<number, { readonly headers: RecordHeaders; readonly bytes: HeldBytes | null }>()
  /** Next to each other, so that one access to memory brings all of a slot. */
  #numbers = new Float64Array(NUMBERS * INITIAL_SLOTS)

  /** An entry that has not been updated. */
  add(slot: number): void {
    if (NUMBERS * slot >= this.#numbers.length) this.#numbers = doubled(this.#numbers)
    // not by the methods below: V8 makes stores that never grow an array faster
    this.#values[slot] = null
    this.#topics[slot] = ''
    this.#numbers[NUMBERS * slot + VALUE_TIMESTAMP] = -1
  }

  value(slot: number): V | Buffer | null {
    return this.#values[slot]!
  }

  valueTimestamp(slot: number): number {
    return this.#numbers[NUMBERS * slot + VALUE_TIMESTAMP]!
  }

  topic(slot: number): string | null {
    return this.#topics[slot]!
  }

  headers(slot: number): RecordHeaders {
    return this.#extras.size === 0 ? NO_HEADERS : (this.#extras.get(slot)?.headers ?? NO_HEADERS)
  }

  setValue(slot: number, value: V | Buffer | null, timestamp: number): void {
    this.#values[slot] = value
    this.#numbers[NUMBERS * slot + VALUE_TIMESTAMP] = timestamp
  }

  /** `bytes`: what the update was read from, if an error handler may ask for it. Not part of its size, as in Kafka Streams. */
  updatedBy(slot: number, context: RecordContext, bytes: HeldBytes | null): void {
    const numbers = this.#numbers
    const at = NUMBERS * slot
    numbers[at + OFFSET] = context.offset
    numbers[at + TIMESTAMP] = context.timestamp
    numbers[at + PARTITION] = context.partition
    this.#topics[slot] = context.topic
    if (context.headers.length > 0 || bytes !== null) {
      this.#extras.set(slot, { headers: keptHeaders(context.headers), bytes })
    } else if (this.#extras.size > 0) this.#extras.delete(slot)
  }

  /** Of the last update; the bytes are no longer kept. */
  takeContext(slot: number): RecordContext {
    const numbers = this.#numbers
    const at = NUMBERS * slot
    const extras = this.#extras.get(slot)
    this.#extras.delete(slot)
    return new HeldRecordContext(
      this.#topics[slot]!,
      numbers[at + PARTITION]!,
      numbers[at + OFFSET]!,
      numbers[at + TIMESTAMP]!,
      extras?.headers ?? NO_HEADERS,
      extras?.bytes ?? null,
    )
  }

  remove(slot: number): void {
    this.#values[slot] = null
    this.#extras.delete(slot)
  }

  clear(): void {
    this.#values.length = this.#topics.length = 0
    this.#extras.clear()
    this.#numbers = new Float64Array(NUMBERS * INITIAL_SLOTS)
  }
}

const doubled = (numbers: Float64Array): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}
