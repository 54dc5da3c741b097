import { byteString } from '../byte-string'
import type { ByteStore } from '../state-engine'
import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../record/timestamped-bytes'

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
  constructor(private readonly bytes: ByteStore) {}

  get(foreignKey: Buffer, primaryKey: Buffer): StoredSubscription | null {
    const { count, entries: first } = this.readFirst(foreignKey)
    const bucket = bucketOf(primaryKey, bucketsFor(count))
    const entries = bucket === 0 ? first : this.read(foreignKey, bucket)
    return entries.find((entry) => entry.primaryKey.equals(primaryKey)) ?? null
  }

  /** `null` deletes. */
  put(foreignKey: Buffer, primaryKey: Buffer, value: Buffer | null, timestamp: number): void {
    const { count, entries: first } = this.readFirst(foreignKey)
    const bucket = bucketOf(primaryKey, bucketsFor(count))
    const entries = bucket === 0 ? first : this.read(foreignKey, bucket)
    const index = entries.findIndex((entry) => entry.primaryKey.equals(primaryKey))
    const change = (value === null ? 0 : 1) - (index === -1 ? 0 : 1)
    if (value === null && index === -1) return
    if (value === null) entries.splice(index, 1)
    else entries.splice(index === -1 ? entries.length : index, 1, { primaryKey, timestamp, value })
    if (bucket !== 0) this.write(foreignKey, bucket, entries)
    if (bucket === 0 || change !== 0) this.writeFirst(foreignKey, count + change, first)
    this.resize(foreignKey, bucketsFor(count), bucketsFor(count + change))
  }

  /** In the order of primary keys. */
  all(foreignKey: Buffer): StoredSubscription[] {
    const { count, entries } = this.readFirst(foreignKey)
    for (let bucket = 1; bucket < bucketsFor(count); bucket++) entries.push(...this.read(foreignKey, bucket))
    return entries.sort((a, b) => Buffer.compare(a.primaryKey, b.primaryKey))
  }

  /** Of all foreign keys. */
  async *scan(): AsyncGenerator<[foreignKey: Buffer, StoredSubscription]> {
    for await (const [key, value] of this.bytes.scan({})) {
      const foreignKey = key.subarray(0, key.length - 4)
      const isFirst = key.readInt32BE(key.length - 4) === 0
      for (const entry of decode(isFirst ? value.subarray(4) : value)) yield [foreignKey, entry]
    }
  }

  private resize(foreignKey: Buffer, before: number, after: number): void {
    if (after === before) return
    // the bucket that comes or goes, and the one that it shares its entries with
    const last = Math.max(before, after) - 1
    const partner = last - highestPowerOfTwo(last)
    const { count, entries: first } = this.readFirst(foreignKey)
    const shared = [...(partner === 0 ? first : this.read(foreignKey, partner)), ...this.read(foreignKey, last)]
    const lower = shared.filter(({ primaryKey }) => bucketOf(primaryKey, after) === partner)
    const upper = shared.filter(({ primaryKey }) => bucketOf(primaryKey, after) !== partner)
    if (partner === 0) this.writeFirst(foreignKey, count, lower)
    else this.write(foreignKey, partner, lower)
    this.write(foreignKey, last, upper)
  }

  private readFirst(foreignKey: Buffer): { count: number; entries: StoredSubscription[] } {
    const value = this.bytes.get(bucketKey(foreignKey, 0))
    return value === null
      ? { count: 0, entries: [] }
      : { count: value.readInt32BE(0), entries: decode(value.subarray(4)) }
  }

  private writeFirst(foreignKey: Buffer, count: number, entries: readonly StoredSubscription[]): void {
    const head = Buffer.allocUnsafe(4)
    head.writeInt32BE(count)
    this.bytes.put(bucketKey(foreignKey, 0), count === 0 ? null : Buffer.concat([head, encode(entries)]))
  }

  private read(foreignKey: Buffer, bucket: number): StoredSubscription[] {
    const value = this.bytes.get(bucketKey(foreignKey, bucket))
    return value === null ? [] : decode(value)
  }

  private write(foreignKey: Buffer, bucket: number, entries: readonly StoredSubscription[]): void {
    this.bytes.put(bucketKey(foreignKey, bucket), entries.length === 0 ? null : encode(entries))
  }
}

const bucketsFor = (count: number): number => Math.max(1, Math.ceil(count / LOAD))

const bucketOf = (primaryKey: Buffer, buckets: number): number => {
  if (buckets === 1) return 0
  const half = highestPowerOfTwo(buckets - 1)
  const hash = hashOf(byteString(primaryKey))
  const bucket = hash & (2 * half - 1)
  return bucket < buckets ? bucket : bucket - half
}

/** Not above `n`, which is 1 or more. */
const highestPowerOfTwo = (n: number): number => 2 ** (31 - Math.clz32(n))

/** FNV-1a, and a last round for its lowest bits, which pick the bucket. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash ^ (hash >>> 15)
}

const bucketKey = (foreignKey: Buffer, bucket: number): Buffer => {
  const key = Buffer.allocUnsafe(foreignKey.length + 4)
  foreignKey.copy(key)
  key.writeInt32BE(bucket, foreignKey.length)
  return key
}

const encode = (entries: readonly StoredSubscription[]): Buffer => {
  const size = entries.reduce(
    (sum, { primaryKey, value }) => sum + 8 + TIMESTAMP_BYTES + primaryKey.length + value.length,
    0,
  )
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const { primaryKey, timestamp, value } of entries) {
    at = bytes.writeInt32BE(primaryKey.length, at)
    at += primaryKey.copy(bytes, at)
    writeTimestamp(bytes, timestamp, at)
    at = bytes.writeInt32BE(value.length, at + TIMESTAMP_BYTES)
    at += value.copy(bytes, at)
  }
  return bytes
}

/** Views of `bytes`. */
const decode = (bytes: Buffer): StoredSubscription[] => {
  const entries: StoredSubscription[] = []
  for (let at = 0; at < bytes.length;) {
    const keyEnd = at + 4 + bytes.readInt32BE(at)
    const start = keyEnd + TIMESTAMP_BYTES + 4
    const end = start + bytes.readInt32BE(start - 4)
    entries.push({
      primaryKey: bytes.subarray(at + 4, keyEnd),
      timestamp: readTimestamp(bytes, keyEnd),
      value: bytes.subarray(start, end),
    })
    at = end
  }
  return entries
}
