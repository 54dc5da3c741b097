import { TIMESTAMP_BYTES, writeTimestamp } from '../../record/timestamped-bytes'
import { crc32 } from '../../record/crc32'
import { corruption } from './level-database'

export const CHECKSUM_BYTES = 4

const SHORT_VALUE = 512

/**
 * The format of a value in LevelDB: followed by a checksum of its key and itself. classic-level has LevelDB verify none of its own
 * on reads, and a compaction copies a flipped bit into a new table under a new checksum.
 *
 * Entries are encoded in shared scratch memory: each is valid until the next one.
 */
export class EntryFormat {
  readonly #scratch = Buffer.allocUnsafe(SHORT_VALUE)
  /** Views of the scratch memory by length, so that a write allocates nothing. */
  readonly #views: Buffer[] = []

  /** With `timestamp`, the value follows it. */
  encode(key: Buffer, value: Buffer, timestamp?: number): Buffer {
    const start = timestamp === undefined ? 0 : TIMESTAMP_BYTES
    const end = start + value.length
    const stored = this.#room(end + CHECKSUM_BYTES)
    if (timestamp !== undefined) writeTimestamp(stored, timestamp)
    stored.set(value, start)
    stored.writeInt32LE(crc32(stored, end, crc32(key)) | 0, end)
    return stored
  }

  /** The value, as a view. Throws if it is not what was written under this key. */
  decode(key: Buffer, stored: Buffer): Buffer {
    const end = stored.length - CHECKSUM_BYTES
    if (end < 0 || (crc32(stored, end, crc32(key)) | 0) !== stored.readInt32LE(end)) {
      throw corruption('an entry does not match its checksum')
    }
    return stored.subarray(0, end)
  }

  #room(length: number): Buffer {
    if (length > SHORT_VALUE) return Buffer.allocUnsafe(length)
    return (this.#views[length] ??= this.#scratch.subarray(0, length))
  }
}
