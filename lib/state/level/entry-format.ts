import { TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import { crc32, crc32OfWords } from '../../bytes/crc32'
import { Scratch } from '../../bytes/scratch'
import { corruption } from './level-database'

export const CHECKSUM_BYTES = 4

/**
 * The format of a value in LevelDB: followed by a checksum of its key and itself. classic-level has LevelDB verify none of its own
 * on reads, and a compaction copies a flipped bit into a new table under a new checksum.
 *
 * Entries are encoded in shared scratch memory: each is valid until the next one.
 */
export class EntryFormat {
  readonly #scratch = new Scratch()

  /** With `timestamp`, the value follows it. */
  encode(key: Buffer, value: Buffer, timestamp?: number): Buffer {
    const start = timestamp === undefined ? 0 : TIMESTAMP_BYTES
    const end = start + value.length
    const stored = this.#scratch.of(end + CHECKSUM_BYTES)
    if (timestamp !== undefined) writeTimestamp(stored, timestamp)
    stored.set(value, start)
    const words = this.#scratch.wordsOf(stored.length)
    const checksum = words === undefined ? crc32(stored, end, crc32(key)) : crc32OfWords(words, stored, end, crc32(key))
    stored.writeInt32LE(checksum | 0, end)
    return stored
  }

  /** The value, as a view. Throws if it is not what was written under this key. */
  decode(key: Buffer, stored: Buffer): Buffer {
    return stored.subarray(0, this.lengthOfValue(key, stored))
  }

  /** How much of what is stored is the value. Throws if it is not what was written under this key. */
  lengthOfValue(key: Buffer, stored: Buffer): number {
    const end = stored.length - CHECKSUM_BYTES
    if (end < 0 || (crc32(stored, end, crc32(key)) | 0) !== stored.readInt32LE(end)) {
      throw corruption('an entry does not match its checksum')
    }
    return end
  }
}
