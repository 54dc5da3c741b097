const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const MAX_BLOCK = 128 * 1024
const RLE = 1
const COMPRESSED = 2

export interface ZstdSize {
  /** No less than what the frames hold when decompressed, from the headers of their blocks. */
  readonly bound: number
  /** What the frames say that they hold, as far as they do. */
  readonly declared: number
}

/** Of zstd frames in a row (RFC 8878, section 3). */
export const zstdSize = (bytes: Buffer): ZstdSize => {
  let bound = 0
  let declared = 0
  let at = 0
  while (at + 5 <= bytes.length) {
    const magic = bytes.readUInt32LE(at)
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + bytes.readUInt32LE(at + 4)
      continue
    }
    if (magic !== MAGIC) throw new Error('this is not a zstd frame')
    const descriptor = bytes[at + 4]!
    const singleSegment = (descriptor >> 5) & 1
    const contentSizeFlag = descriptor >> 6
    const contentSizeBytes = contentSizeFlag === 0 ? singleSegment : 1 << contentSizeFlag
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
    const contentSizeAt = at + 5 + (singleSegment ? 0 : 1) + dictionaryBytes
    declared += contentSizeOf(bytes, contentSizeAt, contentSizeBytes)
    at = contentSizeAt + contentSizeBytes
    for (let last = false; !last;) {
      const header = bytes.readUIntLE(at, 3)
      last = (header & 1) === 1
      const type = (header >> 1) & 3
      const size = header >> 3
      bound += type === COMPRESSED ? MAX_BLOCK : size
      at += 3 + (type === RLE ? 1 : size)
    }
    if (descriptor & 4) at += 4 // checksum
  }
  return { bound, declared }
}

const contentSizeOf = (bytes: Buffer, at: number, length: number): number => {
  if (length === 0) return 0
  if (length === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, length) + (length === 2 ? 256 : 0)
}
