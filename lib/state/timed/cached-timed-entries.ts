import { byteString, type ByteString } from '../../byte-string'
import type { CacheEntry } from '../cache/cache-entry'
import type { FlushedEntry } from '../cache/cache-entry'
import { RecordCache } from '../cache/record-cache'
import type { ValueFormat } from '../key-value/value-format'
import { ByteMap } from '../memory/byte-map'
import { overlaid } from '../overlaid'
import type { RecordCacheBudget, StateStoreContext } from '../store'
import type { StoreSerdes } from '../store-serdes'
import { prefixTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../record/timestamped-bytes'
import type { LoggedRows } from './logged-rows'
import type { TimedRow } from './row-pack'
import { EntriesOfKey, type TimedCacheEntry } from './timed-cache-entry'
import type { RowResult, ScannedEntry, TimedEntries, TimedFlushListener, TimedReads } from './timed-entries'
import type { TimedKeyFormat } from './timed-keys'
import type { TimedRows, TimedScan } from './timed-rows'

export interface CachedTimedEntriesOptions<V, S> {
  readonly serdes: StoreSerdes<unknown, V>
  readonly format: ValueFormat<V, S>
  readonly keys: TimedKeyFormat
  readonly logged: LoggedRows
  readonly rows: TimedRows
  readonly context: Pick<StateStoreContext, 'recordContext' | 'heldBytes'>
  readonly budget: RecordCacheBudget
}

/**
 * A record cache over windows or sessions: of several updates of a row between two commits only the last one is written,
 * logged and forwarded. As in Kafka Streams only what was put is cached, and what is cached is read even when it has
 * expired in the store below.
 *
 * Where the value serde allows (`sizeOf`), values that are primitives are cached as they are.
 */
export class CachedTimedEntries<V, S> implements TimedEntries<V, S> {
  readonly #options: CachedTimedEntriesOptions<V, S>
  readonly #cache: RecordCache<V, TimedCacheEntry<V>>
  readonly #byKey = new Map<ByteString, EntriesOfKey<V>>()
  readonly #primitiveValues: boolean
  readonly peeks: TimedReads<S> = {
    get: (key, time, second, evenExpired = false) => this.#get(key, time, second, evenExpired, false),
    range: (key, from, to, of, reverse = false) => this.#range(key, from, to, of, reverse, false),
  }
  #listener: TimedFlushListener<V> | null = null
  #sendOldValues = false
  #lastKey: Buffer | null = null
  #lastKeyText: ByteString = ''
  #lastOwner: EntriesOfKey<V> | undefined

  constructor(options: CachedTimedEntriesOptions<V, S>) {
    this.#options = options
    this.#cache = new RecordCache<V, TimedCacheEntry<V>>(
      options.budget,
      (flushed) => this.#write(flushed),
      (entry) => this.#removed(entry),
    )
    this.#primitiveValues = options.serdes.value.sizeOf !== undefined
  }

  get(key: Buffer, time: number, second: number, evenExpired = false): S | null {
    return this.#get(key, time, second, evenExpired, true)
  }

  put(key: Buffer, time: number, second: number, value: S | null): void {
    const { serdes, format, context } = this.#options
    const plain = value === null ? null : (format.plain(value) ?? null)
    let cached: V | Buffer | null = null
    let length: number | undefined
    if (plain !== null) {
      if (this.#primitiveValues && typeof plain !== 'object') length = serdes.value.sizeOf!(plain)
      cached = length === undefined ? serdes.valueBytes(plain) : plain
    }
    const owner = this.#entriesOf(key) ?? this.#addKey()
    let entry = owner.find(time, second)
    if (entry === undefined) this.#cache.add((entry = owner.add(time, second)))
    else this.#cache.touch(entry)
    const timestamp = cached === null ? -1 : format.timestamp(value!)
    this.#cache.update(entry, cached, timestamp, context.recordContext, context.heldBytes?.() ?? null)
    this.#cache.resize(entry, this.#sizeOf(entry, length))
  }

  remove(key: Buffer, time: number, second: number): void {
    this.put(key, time, second, null)
  }

  range<T>(key: Buffer, from: number, to: number, of: RowResult<S, T>, reverse = false): T[] {
    return this.#range(key, from, to, of, reverse, true)
  }

  async *scan(scan: TimedScan): AsyncGenerator<ScannedEntry<S>> {
    const { keys, rows, logged } = this.#options
    const cached = new ByteMap()
    for (const entry of this.#cache.entries()) {
      if (!isWithin(entry, scan)) continue
      const storeKey = keys.join(entry.owner.key, entry.time, entry.second)
      cached.set(byteString(this.#place(rows.orderOf(entry.time), storeKey)), this.#storedBytes(entry))
    }
    const stored = async function* (this: CachedTimedEntries<V, S>): AsyncGenerator<[Buffer, Buffer]> {
      for await (const { order, key, time, second, value } of logged.scan(scan)) {
        const place = this.#place(order, keys.join(key, time, second))
        // not left to the merge: where a key is the start of another one, stored rows are in a slightly different order
        if (cached.get(byteString(place)) === undefined) yield [place, value]
      }
    }
    for await (const [place, bytes] of overlaid(stored.call(this), cached.view({ reverse: scan.reverse }), scan)) {
      yield { ...keys.split(place.subarray(TIMESTAMP_BYTES)), value: this.#storedValue(bytes) }
    }
  }

  flush(due?: () => boolean): boolean {
    return this.#cache.flush(due)
  }

  setFlushListener(listener: TimedFlushListener<V>, sendOldValues: boolean): boolean {
    this.#listener = listener
    this.#sendOldValues = sendOldValues
    return true
  }

  close(): void {
    this.#cache.clear()
    this.#byKey.clear()
    this.#lastKey = null
  }

  #get(key: Buffer, time: number, second: number, evenExpired: boolean, touches: boolean): S | null {
    const entry = this.#entriesOf(key)?.find(time, second)
    if (entry === undefined) {
      const stored = this.#options.logged.get(key, time, second, evenExpired)
      return stored === null ? null : this.#storedValue(stored)
    }
    if (touches) this.#cache.touch(entry)
    return this.#cachedValue(entry)
  }

  #range<T>(key: Buffer, from: number, to: number, of: RowResult<S, T>, reverse: boolean, touches: boolean): T[] {
    const merged: T[] = []
    if (from > to) return merged
    const stored = this.#options.logged.range(key, from, to)
    const owner = this.#entriesOf(key)
    const step = reverse ? -1 : 1
    // of the cached ones, and of the stored ones, the next, and where they end
    let i = 0
    let end = 0
    if (owner !== undefined) {
      const first = owner.countBefore(from, -Infinity)
      const after = owner.countBefore(to, Infinity)
      i = reverse ? after - 1 : first
      end = reverse ? first - 1 : after
    }
    let j = reverse ? stored.length - 1 : 0
    const storedEnd = reverse ? -1 : stored.length
    while (i !== end || j !== storedEnd) {
      const entry = i === end ? undefined : owner!.at(i)
      const row = j === storedEnd ? undefined : stored[j]!
      const order = entry === undefined ? 1 : row === undefined ? -1 : step * compare(entry, row)
      if (order >= 0) j += step
      if (order > 0) {
        merged.push(of(row!.time, row!.second, this.#storedValue(row!.value)))
        continue
      }
      i += step
      if (touches) this.#cache.touch(entry!)
      const value = this.#cachedValue(entry!)
      if (value !== null) merged.push(of(entry!.time, entry!.second, value))
    }
    return merged
  }

  #write({ entry, value, valueTimestamp, context: cause }: FlushedEntry<V, TimedCacheEntry<V>>): void {
    const { serdes, format, logged, context } = this.#options
    const { owner, time, second } = entry
    const { key } = owner
    const listener = this.#listener
    let old: Buffer | null = null
    if (listener !== null && (value === null || this.#sendOldValues)) {
      old = logged.get(key, time, second)
      if (value === null && old === null) return
    }
    const current = context.recordContext
    context.recordContext = cause
    try {
      const typed = value === null || typeof value !== 'object'
      const bytes = typed ? (value === null ? null : serdes.writtenValue(value)) : (value as Buffer)
      logged.put(key, time, second, bytes, valueTimestamp)
      if (listener === null) return
      listener(
        key,
        time,
        second,
        typed ? value : serdes.valueOf(value as Buffer),
        old === null || !this.#sendOldValues ? null : serdes.valueOf(format.plainBytes(old)),
        value === null || !format.timestamped ? cause.timestamp : valueTimestamp,
      )
    } finally {
      context.recordContext = current
    }
  }

  #cachedValue({ value, valueTimestamp }: CacheEntry<V>): S | null {
    if (value === null) return null
    const { serdes, format } = this.#options
    return format.value(typeof value === 'object' ? serdes.valueOf(value as Buffer) : value, valueTimestamp)
  }

  #storedValue(stored: Buffer): S {
    const { serdes, format } = this.#options
    return format.value(serdes.valueIn(stored, format.overhead), format.timestampOf(stored))
  }

  #storedBytes({ value, valueTimestamp }: CacheEntry<V>): Buffer | null {
    if (value === null) return null
    const { serdes, format } = this.#options
    const bytes = typeof value === 'object' ? (value as Buffer) : serdes.valueBytes(value)
    return bytes !== null && format.timestamped ? prefixTimestamp(valueTimestamp, bytes) : bytes
  }

  #sizeOf(entry: TimedCacheEntry<V>, valueLength: number | undefined): number {
    const { owner, value } = entry
    // Kafka Streams' cache keys have the number of a segment in front
    const keyLength = TIMESTAMP_BYTES + owner.keyText.length + this.#options.keys.suffixBytes
    if (value === null) return entry.estimate(keyLength)
    return entry.estimate(keyLength + this.#options.format.overhead + (valueLength ?? (value as Buffer).length))
  }

  #place(order: number, storeKey: Buffer): Buffer {
    const place = Buffer.allocUnsafe(TIMESTAMP_BYTES + storeKey.length)
    writeTimestamp(place, order)
    place.set(storeKey, TIMESTAMP_BYTES)
    return place
  }

  /** The cached rows of a key, if there are any. Stores hand the same buffer in again for the same key. */
  #entriesOf(key: Buffer): EntriesOfKey<V> | undefined {
    if (key !== this.#lastKey) {
      this.#lastKey = key
      this.#lastKeyText = byteString(key)
      this.#lastOwner = this.#byKey.get(this.#lastKeyText)
    }
    return this.#lastOwner
  }

  /** For the key last looked for. */
  #addKey(): EntriesOfKey<V> {
    this.#lastOwner = new EntriesOfKey<V>(this.#lastKeyText)
    this.#byKey.set(this.#lastKeyText, this.#lastOwner)
    return this.#lastOwner
  }

  #removed(entry: TimedCacheEntry<V>): void {
    const { owner } = entry
    owner.remove(entry)
    if (owner.size > 0) return
    this.#byKey.delete(owner.keyText)
    if (owner === this.#lastOwner) this.#lastKey = null
  }
}

const compare = (entry: TimedCacheEntry<unknown>, row: TimedRow): number =>
  entry.time - row.time || entry.second - row.second

const isWithin = (
  { owner: { keyText }, time }: TimedCacheEntry<unknown>,
  { keyFrom, keyTo, from, to }: TimedScan,
): boolean =>
  time >= from &&
  time <= to &&
  (keyFrom === null || keyText >= byteString(keyFrom)) &&
  (keyTo === null || keyText <= byteString(keyTo))
