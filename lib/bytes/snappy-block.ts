import { TooLarge } from './too-large'

const LITERAL = 0
const COPY_1 = 1
const COPY_2 = 2

/**
 * Reads a bare block of snappy, as LevelDB and librdkafka write it; Java's Kafka client frames such blocks. Throws if it is
 * invalid, and `TooLarge` rather than use more than `limit` bytes.
 */
export const decompressSnappyBlock = (input: Buffer, limit = Infinity): Buffer => {
  let at = 0
  let size = 0
  for (let shift = 0, byte = 0x80; byte & 0x80; shift += 7) {
    if (at >= input.length || shift > 28) throw new Error('a snappy block has no length')
    byte = input[at++]!
    size += (byte & 0x7f) * 2 ** shift
  }
  if (size > limit) throw new TooLarge()
  const output = Buffer.allocUnsafe(size)
  let to = 0
  while (at < input.length) {
    const tag = input[at++]!
    const high = tag >> 2
    let length: number
    let offset: number
    switch (tag & 3) {
      case LITERAL: {
        length = high + 1
        if (high >= 60) {
          const bytes = high - 59
          length = input.readUIntLE(at, bytes) + 1
          at += bytes
        }
        if (at + length > input.length || to + length > size) throw new Error('a snappy literal overruns its block')
        input.copy(output, to, at, at + length)
        at += length
        to += length
        continue
      }
      case COPY_1:
        length = (high & 7) + 4
        offset = ((tag >> 5) << 8) | input[at++]!
        break
      case COPY_2:
        length = high + 1
        offset = input.readUInt16LE(at)
        at += 2
        break
      default:
        length = high + 1
        offset = input.readUInt32LE(at)
        at += 4
    }
    if (offset === 0 || offset > to || to + length > size) throw new Error('a snappy copy is out of range')
    if (offset >= length) output.copyWithin(to, to - offset, to - offset + length)
    else for (let i = 0; i < length; i++) output[to + i] = output[to + i - offset]!
    to += length
  }
  if (to !== size) throw new Error(`a snappy block has ${to} bytes instead of ${size}`)
  return output
}
