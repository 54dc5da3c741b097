import { byteString, type ByteString } from '../../bytes/byte-string'
import { entrySize } from '../cache/flushed-entry'
import { RecordCache } from '../cache/record-cache'
import { NO_SLOT } from '../cache/use-order'
import type { ValueFormat } from '../key-value/value-format'
import { ByteMap } from '../memory/byte-map'
import { overlaid } from '../overlaid'
import type { RecordCacheBudget, StateStoreContext } from '../store'
import type { StoreSerdes } from '../store-serdes'
import { prefixTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import { CachedRows, type FlushedRow, RowsOfKey } from './cached-rows'
import type { LoggedRows } from './logged-rows'
import type { TimedRow } from './row-pack'
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
  readonly #cache: RecordCache<FlushedRow<V>>
  readonly #rows = new CachedRows<V>()
  readonly #byKey = new Map<ByteString, RowsOfKey<V>>()
  readonly #primitiveValues: boolean
  readonly peeks: TimedReads<S> = {
    get: (key, time, second, evenExpired = false) => this.#get(key, time, second, evenExpired, false),
    range: (key, from, to, of, reverse = false) => this.#range(key, from, to, of, reverse, false),
  }
  #listener: TimedFlushListener<V> | null = null
  #sendOldValues = false
  #lastKey: Buffer | null = null
  #lastKeyText: ByteString = ''
  #lastOwner: RowsOfKey<V> | undefined

  constructor(options: CachedTimedEntriesOptions<V, S>) {
    this.#options = options
    const rows = this.#rows
    this.#cache = new RecordCache<FlushedRow<V>>(options.budget, {
      isDeleted: (slot) => rows.value(slot) === null,
      take: (slot) => rows.take(slot),
      write: (flushed) => this.#write(flushed),
      removed: (slot) => this.#removed(slot),
    })
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
    const owner = this.#rowsOf(key) ?? this.#addKey()
    let slot = owner.find(time, second)
    if (slot === NO_SLOT) this.#rows.add((slot = this.#cache.add()), owner, time, second)
    else this.#cache.touch(slot)
    const timestamp = cached === null ? -1 : format.timestamp(value!)
    this.#cache.update(slot)
    this.#rows.update(slot, cached, timestamp, context.recordContext, context.heldBytes?.() ?? null)
    this.#cache.resize(slot, this.#sizeOf(slot, length))
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
    for (const slot of this.#cache.entries()) {
      const { key, keyText } = this.#rows.owner(slot)
      const time = this.#rows.times[slot]!
      if (!isWithin(keyText, time, scan)) continue
      const storeKey = keys.join(key, time, this.#rows.seconds[slot]!)
      cached.set(byteString(this.#place(rows.orderOf(time), storeKey)), this.#storedBytes(slot))
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
    this.#rows.clear()
    this.#byKey.clear()
    this.#lastKey = null
  }

  #get(key: Buffer, time: number, second: number, evenExpired: boolean, touches: boolean): S | null {
    const slot = this.#rowsOf(key)?.find(time, second) ?? NO_SLOT
    if (slot === NO_SLOT) {
      const stored = this.#options.logged.get(key, time, second, evenExpired)
      return stored === null ? null : this.#storedValue(stored)
    }
    if (touches) this.#cache.touch(slot)
    return this.#cachedValue(slot)
  }

  #range<T>(key: Buffer, from: number, to: number, of: RowResult<S, T>, reverse: boolean, touches: boolean): T[] {
    const merged: T[] = []
    if (from > to) return merged
    const stored = this.#options.logged.range(key, from, to)
    const owner = this.#rowsOf(key)
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
      const slot = i === end ? NO_SLOT : owner!.at(i)
      const row = j === storedEnd ? undefined : stored[j]!
      const order = slot === NO_SLOT ? 1 : row === undefined ? -1 : step * this.#compare(slot, row)
      if (order >= 0) j += step
      if (order > 0) {
        merged.push(of(row!.time, row!.second, this.#storedValue(row!.value)))
        continue
      }
      i += step
      if (touches) this.#cache.touch(slot)
      const value = this.#cachedValue(slot)
      if (value !== null) merged.push(of(this.#rows.times[slot]!, this.#rows.seconds[slot]!, value))
    }
    return merged
  }

  #write({ key, time, second, value, valueTimestamp, context: cause }: FlushedRow<V>): void {
    const { serdes, format, logged, context } = this.#options
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

  #compare(slot: number, row: TimedRow): number {
    return this.#rows.times[slot]! - row.time || this.#rows.seconds[slot]! - row.second
  }

  #cachedValue(slot: number): S | null {
    const value = this.#rows.value(slot)
    if (value === null) return null
    const { serdes, format } = this.#options
    const timestamp = this.#rows.valueTimestamp(slot)
    return format.value(typeof value === 'object' ? serdes.valueOf(value as Buffer) : value, timestamp)
  }

  #storedValue(stored: Buffer): S {
    const { serdes, format } = this.#options
    return format.value(serdes.valueIn(stored, format.overhead), format.timestampOf(stored))
  }

  #storedBytes(slot: number): Buffer | null {
    const value = this.#rows.value(slot)
    if (value === null) return null
    const { serdes, format } = this.#options
    const bytes = typeof value === 'object' ? (value as Buffer) : serdes.valueBytes(value)
    return bytes !== null && format.timestamped ? prefixTimestamp(this.#rows.valueTimestamp(slot), bytes) : bytes
  }

  #sizeOf(slot: number, valueLength: number | undefined): number {
    const rows = this.#rows
    const value = rows.value(slot)
    const { topic, headers } = rows.context(slot)
    // Kafka Streams' cache keys have the number of a segment in front
    let length = TIMESTAMP_BYTES + rows.owner(slot).keyText.length + this.#options.keys.suffixBytes
    if (value !== null) length += this.#options.format.overhead + (valueLength ?? (value as Buffer).length)
    return entrySize(length, topic, headers)
  }

  #place(order: number, storeKey: Buffer): Buffer {
    const place = Buffer.allocUnsafe(TIMESTAMP_BYTES + storeKey.length)
    writeTimestamp(place, order)
    place.set(storeKey, TIMESTAMP_BYTES)
    return place
  }

  /** The cached rows of a key, if there are any. Stores hand the same buffer in again for the same key. */
  #rowsOf(key: Buffer): RowsOfKey<V> | undefined {
    if (key !== this.#lastKey) {
      this.#lastKey = key
      this.#lastKeyText = byteString(key)
      this.#lastOwner = this.#byKey.get(this.#lastKeyText)
    }
    return this.#lastOwner
  }

  /** For the key last looked for. */
  #addKey(): RowsOfKey<V> {
    this.#lastOwner = new RowsOfKey<V>(this.#lastKeyText, this.#rows)
    this.#byKey.set(this.#lastKeyText, this.#lastOwner)
    return this.#lastOwner
  }

  #removed(slot: number): void {
    const owner = this.#rows.owner(slot)
    this.#rows.remove(slot)
    if (owner.size > 0) return
    this.#byKey.delete(owner.keyText)
    if (owner === this.#lastOwner) this.#lastKey = null
  }
}

const isWithin = (keyText: ByteString, time: number, { keyFrom, keyTo, from, to }: TimedScan): boolean =>
  time >= from &&
  time <= to &&
  (keyFrom === null || keyText >= byteString(keyFrom)) &&
  (keyTo === null || keyText <= byteString(keyTo))
