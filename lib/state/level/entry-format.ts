import { crc32 } from '../../record/crc32'
import { Scratch } from '../scratch'
import { corruption } from './level-database'

const CHECKSUM_BYTES = 4

/**
 * The format of a value in LevelDB: followed by a checksum of its key and itself. classic-level has LevelDB verify none of its own
 * on reads, and a compaction copies a flipped bit into a new table under a new checksum.
 *
 * Entries are encoded in shared scratch memory: each is valid until the next one.
 */
export class EntryFormat {
  readonly #scratch = new Scratch()

  encode(key: Buffer, value: Buffer): Buffer {
    const end = value.length
    const stored = this.#scratch.of(end + CHECKSUM_BYTES)
    stored.set(value)
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
}
