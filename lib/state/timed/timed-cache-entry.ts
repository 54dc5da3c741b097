import { bytesOf, type ByteString } from '../../byte-string'
import { CacheEntry } from '../cache/cache-entry'
import { keptHeaders, NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { type HeldBytes, HeldRecordContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

/** A cached row. It is found by its key's entries, not by a text of its own. The windows that a record updates share its context. */
export class TimedCacheEntry<V> extends CacheEntry<V> {
  private context: RecordContext = NO_RECORD

  constructor(
    readonly owner: EntriesOfKey<V>,
    readonly time: number,
    readonly second: number,
  ) {
    super()
  }

  updatedBy(context: RecordContext, bytes: HeldBytes | null): void {
    this.context = bytes === null && context.headers.length === 0 ? context : held(context, bytes)
  }

  takeContext(): RecordContext {
    const { context } = this
    this.context = NO_RECORD
    return context
  }

  protected get topic(): string | null {
    return this.context.topic
  }

  protected get headers(): RecordHeaders {
    return this.context.headers
  }
}

const NO_RECORD: RecordContext = Object.freeze({
  topic: null,
  partition: -1,
  offset: -1,
  timestamp: -1,
  headers: NO_HEADERS,
})

const held = (
  { topic, partition, offset, timestamp, headers }: RecordContext,
  bytes: HeldBytes | null,
): RecordContext => new HeldRecordContext(topic, partition, offset, timestamp, keptHeaders(headers), bytes)

/** The cached rows of a key, by time and second number. */
export class EntriesOfKey<V> {
  readonly key: Buffer
  readonly #entries: TimedCacheEntry<V>[] = []
  /** Where the last search ended: windows of a record are looked for one after the other, and then put. */
  #last = 0

  constructor(readonly keyText: ByteString) {
    this.key = bytesOf(keyText)
  }

  get size(): number {
    return this.#entries.length
  }

  at(index: number): TimedCacheEntry<V> {
    return this.#entries[index]!
  }

  find(time: number, second: number): TimedCacheEntry<V> | undefined {
    const entries = this.#entries
    let at = this.#last
    let entry = entries[at]
    if (entry === undefined || entry.time !== time || entry.second !== second) {
      entry = entries[++at]
      if (entry === undefined || entry.time !== time || entry.second !== second) {
        at = this.countBefore(time, second)
        entry = entries[at]
      }
      this.#last = at
    }
    return entry !== undefined && entry.time === time && entry.second === second ? entry : undefined
  }

  add(time: number, second: number): TimedCacheEntry<V> {
    const entry = new TimedCacheEntry<V>(this, time, second)
    const at = this.countBefore(time, second)
    if (at === this.#entries.length) this.#entries.push(entry)
    else this.#entries.splice(at, 0, entry)
    this.#last = at
    return entry
  }

  remove({ time, second }: TimedCacheEntry<V>): void {
    this.#entries.splice(this.countBefore(time, second), 1)
  }

  /** How many of the entries come before this time and second number. */
  countBefore(time: number, second: number): number {
    const entries = this.#entries
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
}
