import { decompressSnappyBlock } from '../../../../bytes/snappy-block'
import { findMatches } from './match-finder'

/** xerial's stream format, which Java's Kafka client writes: this header, then blocks behind their length (int32). */
const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
const XERIAL_MAGIC_LENGTH = 8
const BLOCK = 32 * 1024

export const snappyCompress = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = [XERIAL_HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = compressBlock(bytes.subarray(at, at + BLOCK))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** Reads xerial's format, and a bare snappy block as librdkafka writes it. */
export const snappyDecompress = (bytes: Buffer, limit: number): Buffer => {
  if (!startsXerial(bytes, 0)) return decompressSnappyBlock(bytes, limit)
  const blocks: Buffer[] = []
  let size = 0
  for (let at = 0; at < bytes.length;) {
    // the header may stand again in the middle, where streams were joined
    if (startsXerial(bytes, at)) {
      at += XERIAL_HEADER.length
      continue
    }
    const end = at + 4 + bytes.readInt32BE(at)
    if (end <= at + 4 || end > bytes.length) throw new Error('a snappy block is cut off')
    const block = decompressSnappyBlock(bytes.subarray(at + 4, end), limit - size)
    size += block.length
    blocks.push(block)
    at = end
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks)
}

const startsXerial = (bytes: Buffer, at: number): boolean =>
  bytes.length - at >= XERIAL_HEADER.length &&
  bytes.compare(XERIAL_HEADER, 0, XERIAL_MAGIC_LENGTH, at, at + XERIAL_MAGIC_LENGTH) === 0

const LITERAL = 0
const COPY_1 = 1
const COPY_2 = 2

const compressBlock = (input: Buffer): Buffer => {
  const output = Buffer.allocUnsafe(32 + input.length + Math.ceil(input.length / 6))
  let at = writeLength(output, input.length)
  const literal = (start: number, end: number): void => {
    const length = end - start
    if (length === 0) return
    if (length <= 60) output[at++] = ((length - 1) << 2) | LITERAL
    else if (length <= 256) {
      output[at++] = (60 << 2) | LITERAL
      output[at++] = length - 1
    } else {
      output[at++] = (61 << 2) | LITERAL
      at = output.writeUInt16LE(length - 1, at)
    }
    input.copy(output, at, start, end)
    at += length
  }
  const copy = (offset: number, length: number): void => {
    output[at++] = ((length - 1) << 2) | COPY_2
    at = output.writeUInt16LE(offset, at)
  }
  const rest = findMatches(input, input.length - MATCH_LIMIT, input.length, (literalStart, start, offset, length) => {
    literal(literalStart, start)
    let left = length
    while (left > 64) {
      // no remainder shorter than a match can be
      const part = left < 68 ? 60 : 64
      copy(offset, part)
      left -= part
    }
    if (left < 12 && offset < 2048) {
      output[at++] = ((offset >> 8) << 5) | ((left - 4) << 2) | COPY_1
      output[at++] = offset & 0xff
    } else copy(offset, left)
  })
  literal(rest, input.length)
  return output.subarray(0, at)
}

const MATCH_LIMIT = 8

const writeLength = (output: Buffer, length: number): number => {
  let at = 0
  let rest = length
  while (rest > 0x7f) {
    output[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  output[at++] = rest
  return at
}
