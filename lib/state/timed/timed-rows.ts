import { byteString } from '../byte-string'
import type { ByteStore } from '../state-engine'
import type { ScanOptions } from '../store'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../record/timestamped-bytes'
import type { Retention } from './retention'
import { rowIn, type RowPack, rowsIn, type TimedRow, withRow } from './row-pack'

export interface TimedRowsOptions {
  readonly bytes: ByteStore
  readonly retention: Retention
  /** Rows of a key whose times fall into one bucket lie together. */
  readonly bucketMs: number
  /** Time that is scanned, and dropped, as a whole before the next one. */
  readonly segmentMs: number
  /** Scans are in the order of time, not key by key inside a segment. */
  readonly timeOrdered: boolean
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

/**
 * Rows of a key, a time and a second number, in the bytes of a store under `i64 segment ‖ key ‖ i64 bucket`: the rows of
 * a key in a range of time are a few point reads, and what has expired is a range of keys.
 */
export class TimedRows {
  readonly #bytes: ByteStore
  readonly #bucketMs: number
  readonly #segmentMs: number
  readonly #timeOrdered: boolean
  /** The pack last read or written: most puts follow a read of the same one. */
  #lastKey: Buffer | null = null
  #lastPack: RowPack | null = null
  #droppedBelow = 0

  constructor(private readonly options: TimedRowsOptions) {
    this.#bytes = options.bytes
    this.#bucketMs = options.bucketMs
    this.#segmentMs = options.segmentMs
    this.#timeOrdered = options.timeOrdered
    const observed = this.#bytes.get(OBSERVED)
    if (observed !== null) options.retention.observed = readTimestamp(observed)
  }

  get retention(): Retention {
    return this.options.retention
  }

  /** Whether it is expired or not. */
  get(key: Buffer, time: number, second: number): Buffer | null {
    const pack = this.#read(this.#packKey(key, time))
    return pack === null ? null : rowIn(pack, time, second)
  }

  /** False if the store no longer has rows of that time. */
  put(key: Buffer, time: number, second: number, value: Buffer | null): boolean {
    const { retention } = this.options
    if (time > retention.observed) this.#advance(time)
    if (time < retention.liveFrom) return false
    const packKey = this.#packKey(key, time)
    const pack = this.#read(packKey)
    const changed = withRow(pack, time, second, value)
    if (changed !== null || pack !== null) this.#bytes.put(packKey, changed)
    this.#lastPack = changed
    return true
  }

  /** The rows of a key that are not expired, by time; bounds are inclusive. */
  range(key: Buffer, from: number, to: number): TimedRow[] {
    const { observed, visibleFrom } = this.options.retention
    const first = Math.max(from, visibleFrom)
    const last = Math.min(to, observed)
    const rows: TimedRow[] = []
    for (let time = first; time <= last; time = this.#nextPack(time)) {
      const pack = this.#read(this.#packKey(key, time))
      if (pack !== null) rowsIn(pack, first, last, rows)
    }
    return rows
  }

  /** The rows that are not expired: segment by segment, in the order of keys, or all in the order of time. */
  async *scan(scan: TimedScan): AsyncGenerator<ScannedRow> {
    const { observed, visibleFrom, liveFrom } = this.options.retention
    const first = Math.max(scan.from, scan.evenExpired ? liveFrom : visibleFrom)
    const last = Math.min(scan.to, observed)
    if (first > last) return
    let segment = NaN
    let rows: ScannedRow[] = []
    const packs = this.#bytes.scan({
      from: indexBytes(this.#segmentOf(first)),
      to: indexBytes(this.#segmentOf(last) + 1),
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
      const found: TimedRow[] = []
      rowsIn(pack, first, last, found)
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
    this.#bytes.put(OBSERVED, indexBytes(time))
    const below = this.#segmentOf(retention.liveFrom)
    if (below <= this.#droppedBelow) return
    this.#droppedBelow = below
    this.#lastKey = null
    this.#bytes.dropBelow(indexBytes(below))
  }

  #read(packKey: Buffer): RowPack | null {
    if (this.#lastKey !== null && this.#lastKey.equals(packKey)) return this.#lastPack
    this.#lastPack = this.#bytes.get(packKey)
    this.#lastKey = packKey
    return this.#lastPack
  }

  #packKey(key: Buffer, time: number): Buffer {
    const packKey = Buffer.allocUnsafe(TIMESTAMP_BYTES + key.length + TIMESTAMP_BYTES)
    writeTimestamp(packKey, this.#segmentOf(time), 0)
    packKey.set(key, TIMESTAMP_BYTES)
    writeTimestamp(packKey, this.#bucketOf(time), TIMESTAMP_BYTES + key.length)
    return packKey
  }

  /** The first time that does not lie in the same pack. */
  #nextPack(time: number): number {
    return Math.min((this.#segmentOf(time) + 1) * this.#segmentMs, (this.#bucketOf(time) + 1) * this.#bucketMs)
  }

  // an endless retention is one bucket
  #segmentOf(time: number): number {
    return Math.floor(time / this.#segmentMs)
  }

  #bucketOf(time: number): number {
    return Math.floor(time / this.#bucketMs)
  }
}

const indexBytes = (index: number): Buffer => {
  const bytes = Buffer.allocUnsafe(TIMESTAMP_BYTES)
  writeTimestamp(bytes, index)
  return bytes
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
