import { Scratch } from '../../bytes/scratch'
import type { ByteStore } from '../state-engine'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'

/** A subscription of one primary key, and its event time. */
export interface StoredSubscription {
  readonly primaryKey: Buffer
  readonly timestamp: number
  readonly value: Buffer
}

/** Subscriptions in a bucket, on average. */
const LOAD = 16

/**
 * The subscriptions to each foreign key, in buckets of some sixteen: found, changed and walked through by point reads,
 * however many there are. Buckets split and merge one at a time as a key's subscriptions become more or less (linear
 * hashing). Bucket 0 begins with how many there are in all.
 *
 * Entries are `foreign key ‖ i32 bucket`, their values `[i32 count] ‖ { i32 length ‖ primary key ‖ i64 timestamp ‖ i32 length ‖ value }*`.
 */
export class SubscriptionBuckets {
  readonly #keys = new Scratch()
  readonly #values = new Scratch()

  constructor(private readonly bytes: ByteStore) {}

  get(foreignKey: Buffer, primaryKey: Buffer): StoredSubscription | null {
    const first = this.read(foreignKey, 0)
    const number = bucketOf(primaryKey, bucketsFor(countIn(first)))
    const bucket = number === 0 ? first : this.read(foreignKey, number)
    const at = find(bucket, headOf(number), primaryKey)
    return at < 0 ? null : entryAt(bucket, at)
  }

  /** `null` deletes. */
  put(foreignKey: Buffer, primaryKey: Buffer, value: Buffer | null, timestamp: number): void {
    const first = this.read(foreignKey, 0)
    const before = countIn(first)
    const number = bucketOf(primaryKey, bucketsFor(before))
    const bucket = number === 0 ? first : this.read(foreignKey, number)
    const found = find(bucket, headOf(number), primaryKey)
    if (value === null && found < 0) return
    const count = before + (value === null ? 0 : 1) - (found < 0 ? 0 : 1)

    // in place of the entry, or behind all others
    const start = found < 0 ? bucket.length : found
    const end = found < 0 ? bucket.length : endOf(bucket, found)
    const size = value === null ? 0 : sizeOf(primaryKey, value)
    const changed = this.#values.of(start + size + bucket.length - end)
    bucket.copy(changed, 0, 0, start)
    if (value !== null) writeEntry(changed, start, primaryKey, timestamp, value)
    bucket.copy(changed, start + size, end)
    if (number === 0) {
      this.writeFirst(foreignKey, changed, count)
    } else {
      this.write(foreignKey, number, changed)
      if (count !== before) this.writeFirst(foreignKey, Buffer.from(first), count)
    }
    this.resize(foreignKey, bucketsFor(before), bucketsFor(count))
  }

  /** In the order of primary keys. */
  all(foreignKey: Buffer): StoredSubscription[] {
    const first = this.read(foreignKey, 0)
    const buckets = bucketsFor(countIn(first))
    const entries = decode(first, headOf(0))
    for (let number = 1; number < buckets; number++) {
      entries.push(...decode(this.read(foreignKey, number), headOf(number)))
    }
    return entries.sort((a, b) => Buffer.compare(a.primaryKey, b.primaryKey))
  }

  /** Of all foreign keys. */
  async *scan(): AsyncGenerator<[foreignKey: Buffer, StoredSubscription]> {
    for await (const [key, bucket] of this.bytes.scan({})) {
      const end = key.length - NUMBER_BYTES
      for (const entry of decode(bucket, headOf(key.readInt32BE(end)))) yield [key.subarray(0, end), entry]
    }
  }

  private resize(foreignKey: Buffer, before: number, after: number): void {
    if (after === before) return
    // the bucket that comes or goes, and the one that it shares its entries with
    const last = Math.max(before, after) - 1
    const partner = last - highestPowerOfTwo(last)
    const held = this.read(foreignKey, partner)
    const shared = [...decode(held, headOf(partner)), ...decode(this.read(foreignKey, last), headOf(last))]
    const lower = shared.filter(({ primaryKey }) => bucketOf(primaryKey, after) === partner)
    const upper = shared.filter(({ primaryKey }) => bucketOf(primaryKey, after) !== partner)
    if (partner === 0) this.writeFirst(foreignKey, encode(lower, headOf(0)), countIn(held))
    else this.write(foreignKey, partner, encode(lower, headOf(partner)))
    this.write(foreignKey, last, encode(upper, headOf(last)))
  }

  private read(foreignKey: Buffer, number: number): Buffer {
    return this.bytes.get(this.keyOf(foreignKey, number)) ?? (number === 0 ? NO_SUBSCRIPTIONS : NO_ENTRIES)
  }

  private writeFirst(foreignKey: Buffer, bucket: Buffer, count: number): void {
    bucket.writeInt32BE(count)
    this.bytes.put(this.keyOf(foreignKey, 0), count === 0 ? null : bucket)
  }

  private write(foreignKey: Buffer, number: number, bucket: Buffer): void {
    this.bytes.put(this.keyOf(foreignKey, number), bucket.length === 0 ? null : bucket)
  }

  /** Valid until the next call. */
  private keyOf(foreignKey: Buffer, number: number): Buffer {
    const key = this.#keys.of(foreignKey.length + NUMBER_BYTES)
    key.set(foreignKey)
    key.writeInt32BE(number, foreignKey.length)
    return key
  }
}

const NUMBER_BYTES = 4
const COUNT_BYTES = 4
const LENGTH_BYTES = 4
const NO_SUBSCRIPTIONS = Buffer.alloc(COUNT_BYTES)
const NO_ENTRIES = Buffer.alloc(0)

const bucketsFor = (count: number): number => Math.max(1, Math.ceil(count / LOAD))

const bucketOf = (primaryKey: Buffer, buckets: number): number => {
  if (buckets === 1) return 0
  const half = highestPowerOfTwo(buckets - 1)
  const bucket = hashOf(primaryKey) & (2 * half - 1)
  return bucket < buckets ? bucket : bucket - half
}

/** Not above `n`, which is 1 or more. */
const highestPowerOfTwo = (n: number): number => 2 ** (31 - Math.clz32(n))

/** FNV-1a, and a last round for its lowest bits, which pick the bucket. */
const hashOf = (bytes: Buffer): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 15)
}

/** Of bucket 0: how many subscriptions all buckets have. */
const countIn = (first: Buffer): number => first.readInt32BE(0)

/** Where the entries of a bucket begin. */
const headOf = (number: number): number => (number === 0 ? COUNT_BYTES : 0)

/** Where the entry of a primary key begins; −1: there is none. */
const find = (bucket: Buffer, head: number, primaryKey: Buffer): number => {
  for (let at = head; at < bucket.length; at = endOf(bucket, at)) if (isOf(bucket, at, primaryKey)) return at
  return -1
}

const isOf = (bucket: Buffer, at: number, primaryKey: Buffer): boolean => {
  const { length } = primaryKey
  if (bucket.readInt32BE(at) !== length) return false
  // from the end: keys are more alike at the beginning
  for (let i = length - 1; i >= 0; i--) if (bucket[at + LENGTH_BYTES + i] !== primaryKey[i]) return false
  return true
}

const endOf = (bucket: Buffer, at: number): number => {
  const valueAt = valueOf(bucket, at)
  return valueAt + bucket.readInt32BE(valueAt - LENGTH_BYTES)
}

const valueOf = (bucket: Buffer, at: number): number =>
  at + LENGTH_BYTES + bucket.readInt32BE(at) + TIMESTAMP_BYTES + LENGTH_BYTES

/** A view of the entry that begins there. */
const entryAt = (bucket: Buffer, at: number): StoredSubscription => {
  const valueAt = valueOf(bucket, at)
  const timestampAt = valueAt - LENGTH_BYTES - TIMESTAMP_BYTES
  return {
    primaryKey: bucket.subarray(at + LENGTH_BYTES, timestampAt),
    timestamp: readTimestamp(bucket, timestampAt),
    value: bucket.subarray(valueAt, endOf(bucket, at)),
  }
}

const sizeOf = (primaryKey: Buffer, value: Buffer): number =>
  LENGTH_BYTES + primaryKey.length + TIMESTAMP_BYTES + LENGTH_BYTES + value.length

/** Returns where it ends. */
const writeEntry = (bucket: Buffer, at: number, primaryKey: Buffer, timestamp: number, value: Buffer): number => {
  const timestampAt = bucket.writeInt32BE(primaryKey.length, at) + primaryKey.length
  bucket.set(primaryKey, at + LENGTH_BYTES)
  writeTimestamp(bucket, timestamp, timestampAt)
  const valueAt = bucket.writeInt32BE(value.length, timestampAt + TIMESTAMP_BYTES)
  bucket.set(value, valueAt)
  return valueAt + value.length
}

/** Behind a head, which is not written. */
const encode = (entries: readonly StoredSubscription[], head: number): Buffer => {
  const bucket = Buffer.allocUnsafe(
    entries.reduce((size, { primaryKey, value }) => size + sizeOf(primaryKey, value), head),
  )
  let at = head
  for (const { primaryKey, timestamp, value } of entries) at = writeEntry(bucket, at, primaryKey, timestamp, value)
  return bucket
}

const decode = (bucket: Buffer, head: number): StoredSubscription[] => {
  const entries: StoredSubscription[] = []
  for (let at = head; at < bucket.length; at = endOf(bucket, at)) entries.push(entryAt(bucket, at))
  return entries
}
