import { findMatches, MIN_MATCH } from './match-finder'
import { TooLarge } from '../../../../bytes/too-large'
import { xxHash32 } from './xxhash32'

const MAGIC = 0x184d2204
const VERSION_1 = 0x40
const INDEPENDENT_BLOCKS = 0x20
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY_ID = 0x01
const UNCOMPRESSED = 0x80000000
/** As Java's client: the block size of id 4. */
const BLOCK = 64 * 1024
const BLOCK_ID = 4

/** The LZ4 frame format, with independent blocks and no checksum of the content, as Java's client writes it. */
export const lz4Compress = (bytes: Buffer): Buffer => {
  const blocks = Math.ceil(bytes.length / BLOCK)
  const output = Buffer.allocUnsafe(11 + blocks * (4 + blockBound(BLOCK)))
  let at = output.writeUInt32LE(MAGIC, 0)
  output[at++] = VERSION_1 | INDEPENDENT_BLOCKS
  output[at++] = BLOCK_ID << 4
  output[at] = headerChecksum(output.subarray(4, at))
  at++
  for (let start = 0; start < bytes.length; start += BLOCK) {
    const block = bytes.subarray(start, start + BLOCK)
    const size = compressBlock(block, output.subarray(at + 4))
    if (size < block.length) {
      output.writeUInt32LE(size, at)
      at += 4 + size
    } else {
      at = output.writeUInt32LE((block.length | UNCOMPRESSED) >>> 0, at)
      at += block.copy(output, at)
    }
  }
  at = output.writeUInt32LE(0, at)
  return output.subarray(0, at)
}

/** Reads every option of the frame format but dictionaries; checksums are verified. */
export const lz4Decompress = (bytes: Buffer, limit: number): Buffer => {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) throw new Error('this is not an LZ4 frame')
  const flags = bytes[4]!
  if ((flags & 0xc0) !== VERSION_1) throw new Error('an LZ4 frame of an unknown version')
  if (flags & DICTIONARY_ID) throw new Error('an LZ4 frame with a dictionary')
  const maxBlock = 1 << (8 + 2 * ((bytes[5]! >> 4) & 7))
  let at = 6 + (flags & CONTENT_SIZE ? 8 : 0)
  if (bytes[at] !== headerChecksum(bytes.subarray(4, at))) throw new Error('the header of an LZ4 frame is damaged')
  at++
  let output = Buffer.allocUnsafe(Math.max(4 * bytes.length, maxBlock))
  let size = 0
  for (;;) {
    const header = bytes.readUInt32LE(at)
    at += 4
    if (header === 0) break
    const block = bytes.subarray(at, at + (header & 0x7fffffff))
    at += header & 0x7fffffff
    if (at > bytes.length) throw new Error('an LZ4 block is cut off')
    if (flags & BLOCK_CHECKSUM) {
      if (xxHash32(block) !== bytes.readUInt32LE(at)) throw new Error('an LZ4 block is damaged')
      at += 4
    }
    if (size > limit) throw new TooLarge()
    if (size + maxBlock > output.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * output.length, size + maxBlock))
      output.copy(larger, 0, 0, size)
      output = larger
    }
    size =
      header & UNCOMPRESSED ? size + block.copy(output, size) : decompressBlock(block, output, size, size + maxBlock)
  }
  if (size > limit) throw new TooLarge()
  const content = output.subarray(0, size)
  if (flags & CONTENT_CHECKSUM && xxHash32(content) !== bytes.readUInt32LE(at))
    throw new Error('the content of an LZ4 frame is damaged')
  return content
}

const headerChecksum = (descriptor: Buffer): number => (xxHash32(descriptor) >>> 8) & 0xff

/** The format's limits: a match starts 12 bytes before the end at the latest, and the last 5 bytes are literals. */
const LAST_MATCH = 12
const LAST_LITERALS = 5

const blockBound = (length: number): number => length + Math.ceil(length / 255) + 16

const compressBlock = (input: Buffer, output: Buffer): number => {
  let at = 0
  const lengthBytes = (length: number): void => {
    let left = length - 15
    for (; left >= 255; left -= 255) output[at++] = 255
    output[at++] = left
  }
  const sequence = (start: number, end: number, matchLength: number): void => {
    const literals = end - start
    output[at++] = (Math.min(literals, 15) << 4) | Math.min(matchLength, 15)
    if (literals >= 15) lengthBytes(literals)
    at += input.copy(output, at, start, end)
  }
  const rest = findMatches(
    input,
    input.length - LAST_MATCH,
    input.length - LAST_LITERALS,
    (literalStart, start, offset, length) => {
      sequence(literalStart, start, length - MIN_MATCH)
      at = output.writeUInt16LE(offset, at)
      if (length - MIN_MATCH >= 15) lengthBytes(length - MIN_MATCH)
    },
  )
  sequence(rest, input.length, 0)
  return at
}

/** Writes from `start` on; matches may reach back before it, into the previous block. Returns where it ended. */
const decompressBlock = (input: Buffer, output: Buffer, start: number, limit: number): number => {
  let at = 0
  let to = start
  while (at < input.length) {
    const token = input[at++]!
    let literals = token >> 4
    if (literals === 15) {
      let more: number
      do {
        more = input[at++]!
        literals += more
      } while (more === 255)
    }
    if (at + literals > input.length || to + literals > limit) throw new Error('an LZ4 literal overruns its block')
    input.copy(output, to, at, at + literals)
    at += literals
    to += literals
    if (at === input.length) return to
    const offset = input.readUInt16LE(at)
    at += 2
    let length = (token & 15) + MIN_MATCH
    if ((token & 15) === 15) {
      let more: number
      do {
        more = input[at++]!
        length += more
      } while (more === 255)
    }
    if (offset === 0 || offset > to || !(to + length <= limit)) throw new Error('an LZ4 match is out of range')
    if (offset >= length) output.copyWithin(to, to - offset, to - offset + length)
    else for (let i = 0; i < length; i++) output[to + i] = output[to + i - offset]!
    to += length
  }
  return to
}
