import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import type { KeyValueStore } from '../store'

const NUMBER_BYTES = 4
/** How many buckets the time for which rows are kept is divided into. */
const BUCKETS = 64
/** Holds the buckets in use, in order: `(i64 start ‖ i64 length)*`. Behind all rows. */
const BUCKETS_IN_USE = Buffer.of(0xff)
/** Holds since when rows are indexed as they are, `i64 time ‖ i64 length of buckets`. Behind all rows, too. */
const INDEXED_SINCE = Buffer.of(0xfe)

/** Timestamps from `start` up to `start + ms`. The length is another one if it was begun with another ttl. */
interface Bucket {
  readonly start: number
  readonly ms: number
}

/** A key as it was indexed: it means something only if its row still has a timestamp of that bucket. */
export interface IndexedKey {
  readonly key: Buffer
  readonly bucket: Bucket
}

/**
 * Keys by the time of their last update, in buckets of a 64th of the time they are kept: `i64 start ‖ i32 n` holds the key of row n of
 * a bucket, rows being numbered from 0 without gaps. So it is read and written by point look-ups alone, and nothing but the buckets is in
 * memory. A key that is updated later has a row in the later bucket too.
 */
export class ExpiryIndex {
  readonly #bucketMs: number
  readonly #buckets: Bucket[]
  /** Rows of buckets, as far as they have been looked at since the start. */
  readonly #counts = new Map<number, number>()
  /** Rows up to this timestamp may be from when the table had another ttl, or none. */
  #since: number
  #isSinceNoted: boolean

  /** `streamTime`: how far the table has got; −1 if that is not known. */
  constructor(
    private readonly store: KeyValueStore<Buffer, Buffer>,
    private readonly afterMs: number,
    streamTime: number,
  ) {
    this.#bucketMs = Math.ceil(afterMs / BUCKETS)
    this.#buckets = bucketsIn(store.get(BUCKETS_IN_USE))
    const since = store.get(INDEXED_SINCE)
    this.#isSinceNoted = since !== null && readTimestamp(since, TIMESTAMP_BYTES) === this.#bucketMs
    if (this.#isSinceNoted) this.#since = readTimestamp(since!)
    else this.#since = streamTime >= 0 ? streamTime : endOf(this.#buckets.at(-1))
  }

  /** The start of the bucket of a timestamp. */
  bucketOf(timestamp: number): number {
    return Math.floor(timestamp / this.#bucketMs) * this.#bucketMs
  }

  /** Stream time from which on a row with this timestamp is gone. */
  expiresAt(timestamp: number): number {
    return this.bucketOf(timestamp) + this.#bucketMs + this.afterMs
  }

  /** The last timestamp of the bucket that this one is in: rows with either expire together. */
  endOfBucket(timestamp: number): number {
    return this.bucketOf(timestamp) + this.#bucketMs - 1
  }

  /** Rows may be due. Without, none is. */
  mayBeDue(streamTime: number): boolean {
    const [first] = this.#buckets
    return first !== undefined && first.start + this.#bucketMs + this.afterMs <= streamTime
  }

  /** Whether a row with this timestamp is found, whatever the ttl was when it was indexed. */
  covers(timestamp: number): boolean {
    return timestamp > this.#since
  }

  /** Whether a row that had the one timestamp is found where one with the other is. */
  coversUpdate(before: number, after: number): boolean {
    return this.covers(before) && this.bucketOf(before) === this.bucketOf(after)
  }

  add(timestamp: number, key: Buffer): void {
    if (!this.#isSinceNoted) this.#noteSince()
    const start = this.bucketOf(timestamp)
    const at = this.#buckets.findLastIndex((known) => known.start <= start)
    const known = this.#buckets[at]
    if (known?.start !== start) {
      this.#buckets.splice(at + 1, 0, { start, ms: this.#bucketMs })
      this.#noteBuckets()
    } else if (known.ms < this.#bucketMs) {
      this.#buckets[at] = { start, ms: this.#bucketMs }
      this.#noteBuckets()
    }
    const count = this.#countOf(start)
    this.store.put(rowKey(start, count), key)
    this.#counts.set(start, count + 1)
  }

  /** Removes and returns a key that may have expired; undefined if there is none. */
  takeDue(streamTime: number): IndexedKey | undefined {
    for (let bucket = this.#buckets[0]; bucket !== undefined; bucket = this.#buckets[0]) {
      const { start } = bucket
      if (start + this.#bucketMs + this.afterMs > streamTime) return undefined
      const count = this.#countOf(start)
      if (count > 0) {
        const row = rowKey(start, count - 1)
        const key = this.store.get(row)
        this.#counts.set(start, count - 1)
        // two owners at once, under at-least-once, may have left a gap
        if (key === null) continue
        this.store.put(row, null)
        return { key, bucket }
      }
      this.#buckets.shift()
      this.#counts.delete(start)
      this.#noteBuckets()
    }
    return undefined
  }

  /** Rows are numbered without gaps: how many there are is found by halving. */
  #countOf(start: number): number {
    const known = this.#counts.get(start)
    if (known !== undefined) return known
    const exists = (n: number): boolean => this.store.get(rowKey(start, n)) !== null
    let above = 1
    while (exists(above - 1)) above *= 2
    let below = Math.floor(above / 2)
    // row `below - 1` exists, row `above - 1` does not
    while (above - below > 1) {
      const middle = (above + below) >>> 1
      if (exists(middle - 1)) below = middle
      else above = middle
    }
    this.#counts.set(start, below)
    return below
  }

  #noteSince(): void {
    const bytes = Buffer.allocUnsafe(2 * TIMESTAMP_BYTES)
    writeTimestamp(bytes, this.#since)
    writeTimestamp(bytes, this.#bucketMs, TIMESTAMP_BYTES)
    this.store.put(INDEXED_SINCE, bytes)
    this.#isSinceNoted = true
  }

  #noteBuckets(): void {
    const bytes = Buffer.allocUnsafe(this.#buckets.length * BUCKET_BYTES)
    this.#buckets.forEach(({ start, ms }, i) => {
      writeTimestamp(bytes, start, i * BUCKET_BYTES)
      writeTimestamp(bytes, ms, i * BUCKET_BYTES + TIMESTAMP_BYTES)
    })
    this.store.put(BUCKETS_IN_USE, bytes)
  }
}

const BUCKET_BYTES = 2 * TIMESTAMP_BYTES

const endOf = (bucket: Bucket | undefined): number => (bucket === undefined ? -1 : bucket.start + bucket.ms - 1)

const rowKey = (start: number, n: number): Buffer => {
  const key = Buffer.allocUnsafe(TIMESTAMP_BYTES + NUMBER_BYTES)
  writeTimestamp(key, start)
  key.writeUInt32BE(n, TIMESTAMP_BYTES)
  return key
}

const bucketsIn = (bytes: Buffer | null): Bucket[] => {
  const buckets: Bucket[] = []
  for (let at = 0; bytes !== null && at < bytes.length; at += BUCKET_BYTES) {
    buckets.push({ start: readTimestamp(bytes, at), ms: readTimestamp(bytes, at + TIMESTAMP_BYTES) })
  }
  return buckets
}
