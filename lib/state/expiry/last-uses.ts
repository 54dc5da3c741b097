import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import type { KeyValueStore } from '../store'
import type { ExpiryIndex } from './expiry-index'

/** In front of a key. What the index keeps beside it begins with other bytes, or is of another length. */
const LAST_USE = 0xfd

/**
 * When keys were last used, as far as their rows do not say so themselves: the end of the bucket of that time, so that a key that is
 * used all the time is written once a bucket, and expires no earlier by another ttl.
 */
export class LastUses {
  constructor(
    private readonly store: KeyValueStore<Buffer, Buffer>,
    private readonly index: ExpiryIndex,
  ) {}

  /** Undefined: none is known. */
  get(key: Buffer): number | undefined {
    const bytes = this.store.get(keyOf(key))
    return bytes === null ? undefined : readTimestamp(bytes)
  }

  /** A key whose last use was `last` is used at `time`: indexes it there, unless the index has it there or later. */
  use(key: Buffer, last: number | undefined, time: number): void {
    const { index } = this
    // before the first record every use is at −1, which nothing covers
    if (last !== undefined && time <= last && (time < 0 || index.covers(last))) return
    const until = Math.max(last ?? -1, index.endOfBucket(time))
    const bytes = Buffer.allocUnsafe(TIMESTAMP_BYTES)
    writeTimestamp(bytes, until)
    this.store.put(keyOf(key), bytes)
    index.add(until, key)
  }

  forget(key: Buffer): void {
    this.store.put(keyOf(key), null)
  }
}

const keyOf = (key: Buffer): Buffer => {
  const bytes = Buffer.allocUnsafe(1 + key.length)
  bytes[0] = LAST_USE
  key.copy(bytes, 1)
  return bytes
}
