import type { ByteStore } from '../state-engine'
import { BucketRows, hashOfKey, NONE } from '../timed/bucket-rows'
import type { RowMemory } from '../timed/row-memory'
import { timestampOf } from './outer-join-key'

export interface OuterJoinRowsOptions {
  readonly bytes: ByteStore
  /** Rows whose times fall into one bucket are kept together. */
  readonly bucketMs: number
  readonly memory: RowMemory
  /** How many rows may wait for the next commit to be written. */
  readonly maxDirtyRows?: number
}

/** Writing out so many takes about as long as a slice of the loop. */
const MAX_DIRTY_ROWS = 16_384

/** Shows the bytes that something is going to be written. Behind all rows. */
const ANNOUNCED = Buffer.of(0xff)
const NOTHING = Buffer.alloc(0)

/**
 * A list of values for each outer-join key, in memory and in order: emitting what is due must not wait for a scan, and
 * most rows are gone before the commit that would have written them. A commit writes what is left. Values that are
 * written may be forgotten, and are read again when they are needed.
 */
export class OuterJoinRows {
  readonly #bytes: ByteStore
  readonly #bucketMs: number
  readonly #maxDirtyRows: number
  readonly #buckets = new Map<number, BucketRows>()
  #dirtyRows = 0
  #countedBytes = 0
  /** Bytes of values since they were last forgotten. */
  #valueBytes = 0
  #announced = false

  constructor(private readonly options: OuterJoinRowsOptions) {
    this.#bytes = options.bytes
    this.#bucketMs = options.bucketMs
    this.#maxDirtyRows = options.maxDirtyRows ?? MAX_DIRTY_ROWS
    options.memory.join()
  }

  /** Finds what the bytes have. Not while there are changes that are not written out. */
  async open(): Promise<void> {
    for (const bucket of [...this.#buckets.values()]) this.#forget(bucket)
    for await (const [key] of this.#bytes.scan({ to: ANNOUNCED })) {
      const bucket = this.#bucketOf(key) ?? this.#addBucket(key)
      const number = bucket.add(key, hashOfKey(key))
      bucket.set(number, 0, 0, NOTHING)
      bucket.setStored(number, true)
      this.#count(bucket)
    }
  }

  get(key: Buffer): Buffer | null {
    const bucket = this.#bucketOf(key)
    if (bucket === undefined) return null
    const number = bucket.find(key, hashOfKey(key))
    const list = number === NONE ? null : bucket.get(number, 0, 0)
    // no list is empty
    return list !== null && list.length === 0 ? this.#bytes.get(key) : list
  }

  set(key: Buffer, list: Buffer): void {
    const bucket = this.#bucketOf(key) ?? this.#addBucket(key)
    const hash = hashOfKey(key)
    const found = bucket.find(key, hash)
    const number = found === NONE ? bucket.add(key, hash) : found
    bucket.set(number, 0, 0, list)
    this.#valueBytes += list.length
    this.#changed(bucket, number)
  }

  /** Returns whether it existed. */
  delete(key: Buffer): boolean {
    const bucket = this.#bucketOf(key)
    if (bucket === undefined) return false
    const number = bucket.find(key, hashOfKey(key))
    if (number === NONE || !bucket.remove(number, 0, 0)) return false
    this.#changed(bucket, number)
    return true
  }

  /** The keys as of now, in order. */
  *keys(reverse = false): Generator<Buffer> {
    const ids = [...this.#buckets.keys()].sort((a, b) => (reverse ? b - a : a - b))
    for (const id of ids) {
      const bucket = this.#buckets.get(id)
      if (bucket === undefined) continue
      const keys = Array.from(bucket.keysInUse(), (number) => bucket.keyOf(number))
      yield* keys.sort(reverse ? (a, b) => Buffer.compare(b, a) : Buffer.compare)
    }
  }

  /** Puts all changes into the store's bytes: the next commit contains them. */
  writeOut(): void {
    for (const bucket of [...this.#buckets.values()]) {
      for (let number = bucket.takeDirty(); number !== NONE; number = bucket.takeDirty()) {
        const list = bucket.get(number, 0, 0)
        if (list === null && !bucket.isStored(number)) continue
        this.#bytes.put(bucket.keyOf(number), list)
        bucket.setStored(number, list !== null)
      }
      if (bucket.size === 0) this.#forget(bucket)
    }
    this.#dirtyRows = 0
    this.#announced = false
  }

  /** Returns its memory; what is not written out is lost. */
  close(): void {
    this.options.memory.leave(this.#countedBytes)
    this.#countedBytes = 0
    this.#buckets.clear()
  }

  #changed(bucket: BucketRows, number: number): void {
    this.#dirtyRows -= bucket.dirtyKeys
    bucket.markDirty(number)
    this.#dirtyRows += bucket.dirtyKeys
    this.#count(bucket)
    if (!this.#announced) {
      this.#bytes.put(ANNOUNCED, NOTHING)
      this.#announced = true
    }
    const { memory } = this.options
    // with little else than keys in it there is nothing to be had
    const isFull = memory.isExceededBy(this.#countedBytes) && 2 * this.#valueBytes > this.#countedBytes
    if (isFull || this.#dirtyRows > this.#maxDirtyRows) this.writeOut()
    if (isFull) this.#forgetValues()
  }

  #forgetValues(): void {
    this.#valueBytes = 0
    for (const bucket of this.#buckets.values()) {
      bucket.releaseValues()
      this.#count(bucket)
    }
  }

  #count(bucket: BucketRows): void {
    const more = bucket.allocatedBytes - bucket.countedBytes
    bucket.countedBytes += more
    this.#countedBytes += more
    this.options.memory.usedBytes += more
  }

  #bucketOf(key: Buffer): BucketRows | undefined {
    return this.#buckets.get(Math.floor(timestampOf(key) / this.#bucketMs))
  }

  #addBucket(key: Buffer): BucketRows {
    const bucket = new BucketRows(Math.floor(timestampOf(key) / this.#bucketMs))
    this.#buckets.set(bucket.id, bucket)
    return bucket
  }

  #forget(bucket: BucketRows): void {
    this.#buckets.delete(bucket.id)
    this.#countedBytes -= bucket.countedBytes
    this.options.memory.usedBytes -= bucket.countedBytes
  }
}
