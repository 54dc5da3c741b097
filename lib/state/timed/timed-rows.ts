import { byteString } from '../../bytes/byte-string'
import type { ByteStore } from '../state-engine'
import type { ScanOptions } from '../store'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import { Scratch } from '../../bytes/scratch'
import { BucketRows, hashOfKey, NONE } from './bucket-rows'
import type { Retention } from './retention'
import type { RowMemory } from './row-memory'
import { rowsIn, type TimedRow } from './row-pack'

export interface TimedRowsOptions {
  readonly bytes: ByteStore
  readonly retention: Retention
  /** Rows whose times fall into one bucket are kept, found and forgotten together. */
  readonly bucketMs: number
  /** Time that is scanned, and dropped, as a whole before the next one. */
  readonly segmentMs: number
  /** Scans are in the order of time, not key by key inside a segment. */
  readonly timeOrdered: boolean
  /** Rows are read until they are gone, not only until they are older than the retention. */
  readonly readsExpired: boolean
  readonly memory: RowMemory
  /** How many keys may wait for the next commit to be written. */
  readonly maxDirtyKeys?: number
}

/** Rows of a scan: bounds are inclusive, `null` is open. */
export interface TimedScan extends ScanOptions {
  readonly keyFrom: Buffer | null
  readonly keyTo: Buffer | null
  readonly from: number
  readonly to: number
  /** Also rows that are expired, but still there. */
  readonly evenExpired?: boolean
}

/** A row of a scan, with its place in the order: rows of an earlier `order` come first, then the store key decides. */
export interface ScannedRow extends TimedRow {
  readonly key: Buffer
  readonly order: number
}

/** Under which the newest time put is stored; behind all rows. */
const OBSERVED = Buffer.of(0xff)

/** Writing out so many takes about as long as a slice of the loop. */
const MAX_DIRTY_KEYS = 16_384

const NO_ROWS: readonly TimedRow[] = []

/**
 * Rows of a key, a time and a second number. The newest buckets of time are in memory; a commit writes their changes to
 * the store's bytes, as one entry for the rows of a key in a bucket, under `i64 segment ‖ key ‖ i64 bucket`. So the rows
 * of a key in a range of time are a few look-ups, and what has expired is a range of keys, or was never written.
 *
 * Of a bucket above `#completeFrom` nothing is missing in memory, so that keys without rows are known without a read.
 * Buckets below keep what was read or put since they were last written out.
 */
export class TimedRows {
  readonly #bytes: ByteStore
  readonly #segmentMs: number
  readonly #bucketMs: number
  readonly #bucketsOfSegment: number
  readonly #timeOrdered: boolean
  readonly #maxDirtyKeys: number
  readonly #buckets = new Map<number, BucketRows>()
  /** Their ids, ascending. */
  readonly #ids: number[] = []
  #completeFrom: number
  /** Buckets below have expired. */
  #expiredBelow = 0
  #droppedBelow = 0
  #dirtyKeys = 0
  #countedBytes = 0
  /** The bytes know that something will be written to them. */
  #announced = false
  #lastBucket: BucketRows | null = null
  #lastKey: Buffer | null = null
  #lastHash = 0
  readonly #packKeys = new Scratch()
  readonly #packs = new Scratch()

  constructor(private readonly options: TimedRowsOptions) {
    const { bytes, retention, bucketMs, segmentMs, memory } = options
    this.#bytes = bytes
    this.#segmentMs = segmentMs
    this.#bucketMs = bucketMs
    this.#bucketsOfSegment = bucketMs < segmentMs ? Math.ceil(segmentMs / bucketMs) : 1
    this.#timeOrdered = options.timeOrdered
    this.#maxDirtyKeys = options.maxDirtyKeys ?? MAX_DIRTY_KEYS
    const observed = bytes.get(OBSERVED)
    if (observed !== null) retention.observed = readTimestamp(observed)
    this.#completeFrom = observed === null ? 0 : this.#bucketOf(retention.observed) + 1
    this.#expire()
    memory.join()
  }

  get retention(): Retention {
    return this.options.retention
  }

  /** Only rows that have not expired are sure to be found. */
  get(key: Buffer, time: number, second: number): Buffer | null {
    const bucket = this.#bucketFor(this.#bucketOf(time), key)
    if (bucket === null) return null
    const found = bucket.find(key, this.#lastHash)
    const value = found === NONE ? null : bucket.get(found, time, second)
    this.#makeRoom()
    return value
  }

  /** With `timestamp`, the value is stored behind it. False if the store no longer has rows of that time. */
  put(key: Buffer, time: number, second: number, value: Buffer | null, timestamp?: number): boolean {
    const { retention } = this.options
    if (time > retention.observed) this.#advance(time)
    if (time < retention.liveFrom) return false
    const id = this.#bucketOf(time)
    // nothing will read it
    if (id < this.#expiredBelow) return true
    const bucket = this.#bucketFor(id, key) ?? this.#addBucket(id)
    let number = bucket.find(key, this.#lastHash)
    if (number === NONE) {
      if (value === null) return true
      number = bucket.add(key, this.#lastHash)
    }
    if (value !== null) bucket.set(number, time, second, value, timestamp)
    else if (!bucket.remove(number, time, second)) return true
    this.#dirtyKeys -= bucket.dirtyKeys
    bucket.markDirty(number)
    this.#dirtyKeys += bucket.dirtyKeys
    if (!this.#announced) this.#announce()
    this.#count(bucket)
    this.#makeRoom()
    return true
  }

  /** The rows of a key that are not expired, by time; bounds are inclusive. */
  range(key: Buffer, from: number, to: number): readonly TimedRow[] {
    const { observed, visibleFrom } = this.options.retention
    const first = Math.max(from, visibleFrom)
    const last = Math.min(to, observed)
    if (first > last) return NO_ROWS
    let rows: TimedRow[] | undefined
    const end = this.#bucketOf(last)
    for (let id = this.#bucketOf(first); id <= end; id++) {
      const bucket = this.#bucketFor(id, key)
      if (bucket === null) continue
      const found = bucket.find(key, this.#lastHash)
      if (found !== NONE) rows = bucket.collect(found, first, last, rows)
    }
    this.#makeRoom()
    return rows ?? NO_ROWS
  }

  /** The rows that are not expired: segment by segment, in the order of keys, or all in the order of time. */
  async *scan(scan: TimedScan): AsyncGenerator<ScannedRow> {
    const { observed, visibleFrom, liveFrom } = this.options.retention
    const first = Math.max(scan.from, scan.evenExpired ? liveFrom : visibleFrom)
    const last = Math.min(scan.to, observed)
    if (first > last) return
    this.writeOut()
    let segment = NaN
    let rows: ScannedRow[] = []
    const packs = this.#bytes.scan({
      from: numberBytes(this.#segmentOf(first)),
      to: numberBytes(this.#segmentOf(last) + 1),
      reverse: scan.reverse,
      signal: scan.signal,
    })
    for await (const [packKey, pack] of packs) {
      const key = packKey.subarray(TIMESTAMP_BYTES, packKey.length - TIMESTAMP_BYTES)
      if (scan.keyFrom !== null && Buffer.compare(key, scan.keyFrom) < 0) continue
      if (scan.keyTo !== null && Buffer.compare(key, scan.keyTo) > 0) continue
      const order = readTimestamp(packKey)
      if (this.#timeOrdered && order !== segment) {
        yield* this.#ordered(rows, scan)
        rows = []
        segment = order
      }
      const found = rowsIn(pack, first, last)
      if (this.#timeOrdered) {
        for (const row of found) rows.push({ ...row, key, order: row.time })
      } else {
        if (scan.reverse) found.reverse()
        for (const row of found) yield { ...row, key, order }
      }
    }
    yield* this.#ordered(rows, scan)
  }

  /** The place of a row in the order of a scan. */
  orderOf(time: number): number {
    return this.#timeOrdered ? time : this.#segmentOf(time)
  }

  /** Puts all changes into the store's bytes: the next commit contains them. */
  writeOut(): void {
    for (const id of this.#ids) this.#writeBucket(this.#buckets.get(id)!, 0)
    if (this.#announced) this.#announce()
    this.#announced = false
  }

  /** Returns its memory; what is not written out is lost. */
  close(): void {
    this.options.memory.leave(this.#countedBytes)
    this.#countedBytes = 0
    this.#buckets.clear()
    this.#ids.length = 0
    this.#lastBucket = null
  }

  *#ordered(rows: ScannedRow[], { reverse }: TimedScan): Generator<ScannedRow> {
    const keys = new Map(rows.map((row) => [row, byteString(row.key)]))
    rows.sort((a, b) => {
      const order = a.time - b.time || compare(keys.get(a)!, keys.get(b)!) || a.second - b.second
      return reverse ? -order : order
    })
    yield* rows
  }

  #advance(time: number): void {
    const { retention } = this.options
    retention.observed = time
    if (!this.#announced) this.#announce()
    this.#expire()
    const below = this.#segmentOf(retention.liveFrom)
    if (below <= this.#droppedBelow) return
    this.#droppedBelow = below
    this.#bytes.dropBelow(numberBytes(below))
  }

  /** Forgets buckets that nothing reads any longer; changes of theirs need not be written. */
  #expire(): void {
    const { retention, readsExpired } = this.options
    this.#expiredBelow = this.#bucketOf(readsExpired ? retention.liveFrom : retention.visibleFrom)
    let expired = 0
    while (expired < this.#ids.length && this.#ids[expired]! < this.#expiredBelow) {
      this.#forget(this.#buckets.get(this.#ids[expired++]!)!)
    }
    if (expired > 0) this.#ids.splice(0, expired)
  }

  /** As soon as there are changes, the state has something to commit. */
  #announce(): void {
    this.#bytes.put(OBSERVED, numberBytes(this.options.retention.observed))
    this.#announced = true
  }

  /** A bucket that knows whether it has the key, by `#lastHash`; `null` if there is no such bucket. */
  #bucketFor(id: number, key: Buffer): BucketRows | null {
    if (key !== this.#lastKey) {
      this.#lastKey = key
      this.#lastHash = hashOfKey(key)
    }
    let bucket = this.#lastBucket
    if (bucket === null || bucket.id !== id) {
      bucket = this.#buckets.get(id) ?? null
      if (bucket !== null) this.#lastBucket = bucket
    }
    if (id >= this.#completeFrom || id < this.#expiredBelow) return bucket
    bucket ??= this.#addBucket(id)
    if (bucket.find(key, this.#lastHash) === NONE) this.#load(bucket, key)
    return bucket
  }

  #load(bucket: BucketRows, key: Buffer): void {
    const pack = this.#bytes.get(this.#packKey(bucket.id, key))
    const number = bucket.add(key, this.#lastHash)
    if (pack !== null) {
      bucket.unpack(number, pack)
      bucket.setStored(number, true)
    }
    this.#count(bucket)
  }

  #addBucket(id: number): BucketRows {
    const ids = this.#ids
    let at = ids.length
    while (at > 0 && ids[at - 1]! > id) at--
    const isNewest = at === ids.length
    // one of the past gets but what is late
    const bucket = new BucketRows(id, isNewest && at > 0 ? this.#buckets.get(ids[at - 1]!) : undefined)
    if (isNewest) ids.push(id)
    else ids.splice(at, 0, id)
    this.#buckets.set(id, bucket)
    this.#lastBucket = bucket
    return bucket
  }

  #count(bucket: BucketRows): void {
    const more = bucket.allocatedBytes - bucket.countedBytes
    if (more === 0) return
    bucket.countedBytes += more
    this.#countedBytes += more
    this.options.memory.usedBytes += more
  }

  /** Not between looking a bucket up and changing it: the bucket may be one that has to go. */
  #makeRoom(): void {
    const { memory } = this.options
    while (memory.isExceededBy(this.#countedBytes) && this.#ids.length > 0) {
      const oldest = this.#buckets.get(this.#ids.shift()!)!
      this.#writeBucket(oldest, 0)
      this.#forget(oldest)
      if (oldest.id >= this.#completeFrom) this.#completeFrom = oldest.id + 1
    }
    if (this.#dirtyKeys <= this.#maxDirtyKeys) return
    for (const id of this.#ids) {
      this.#writeBucket(this.#buckets.get(id)!, this.#maxDirtyKeys >>> 1)
      if (this.#dirtyKeys <= this.#maxDirtyKeys >>> 1) return
    }
  }

  /** Writes changes of a bucket until no more than `most` are left in all of them. */
  #writeBucket(bucket: BucketRows, most: number): void {
    while (this.#dirtyKeys > most) {
      const number = bucket.takeDirty()
      if (number === NONE) return
      this.#dirtyKeys--
      const pack = bucket.pack(number, this.#packs)
      if (pack === null && !bucket.isStored(number)) continue
      this.#bytes.put(this.#packKey(bucket.id, bucket.keyOf(number)), pack)
      bucket.setStored(number, pack !== null)
    }
  }

  #forget(bucket: BucketRows): void {
    this.#buckets.delete(bucket.id)
    this.#dirtyKeys -= bucket.dirtyKeys
    this.#countedBytes -= bucket.countedBytes
    this.options.memory.usedBytes -= bucket.countedBytes
    if (this.#lastBucket === bucket) this.#lastBucket = null
  }

  /** Valid until the next one. */
  #packKey(id: number, key: Buffer): Buffer {
    const packKey = this.#packKeys.of(TIMESTAMP_BYTES + key.length + TIMESTAMP_BYTES)
    writeTimestamp(packKey, Math.floor(id / this.#bucketsOfSegment), 0)
    packKey.set(key, TIMESTAMP_BYTES)
    writeTimestamp(packKey, id, TIMESTAMP_BYTES + key.length)
    return packKey
  }

  // an endless retention is one segment, and one bucket
  #segmentOf(time: number): number {
    return Math.floor(time / this.#segmentMs)
  }

  /** Ids are consecutive, and no bucket lies in two segments. */
  #bucketOf(time: number): number {
    const segment = this.#segmentOf(time)
    if (this.#bucketsOfSegment === 1) return segment
    return segment * this.#bucketsOfSegment + Math.floor((time - segment * this.#segmentMs) / this.#bucketMs)
  }
}

const numberBytes = (number: number): Buffer => {
  const bytes = Buffer.allocUnsafe(TIMESTAMP_BYTES)
  writeTimestamp(bytes, number)
  return bytes
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
