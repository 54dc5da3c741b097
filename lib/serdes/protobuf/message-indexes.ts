/**
 * Which message of its `.proto` file a value is, as a path of indexes: a top-level message, a message in it, and so on. Confluent's format has
 * it behind the schema's id: the number of indexes and each of them as zig-zag varints. The first message of a file, the usual case, is
 * one zero byte.
 */
export const messageIndexBytes = (indexes: readonly number[]): Buffer => {
  if (indexes.length === 1 && indexes[0] === 0) return Buffer.of(0)
  const bytes: number[] = []
  for (const number of [indexes.length, ...indexes]) {
    let rest = number * 2
    while (rest > 127) {
      bytes.push((rest & 0x7f) | 0x80)
      rest = Math.floor(rest / 128)
    }
    bytes.push(rest)
  }
  return Buffer.from(bytes)
}

/** Reads the indexes that begin at `start`. */
export class MessageIndexReader {
  /** Of the byte behind them. */
  end = 0
  private bytes: Buffer = NONE

  /** @throws RangeError */
  read(bytes: Buffer, start: number): readonly number[] {
    this.bytes = bytes
    this.end = start
    if (bytes[start] === 0) {
      this.end = start + 1
      return FIRST
    }
    const count = this.varint()
    // each takes a byte or more
    if (count < 0 || count > bytes.length - this.end) throw damaged()
    return Array.from({ length: count }, () => this.varint())
  }

  private varint(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 5 && this.end < this.bytes.length; i++) {
      const byte = this.bytes[this.end++]!
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      factor *= 128
    }
    throw damaged()
  }
}

const NONE = Buffer.alloc(0)
const FIRST: readonly number[] = [0]

const damaged = (): RangeError =>
  new RangeError(
    "the message indexes behind the schema's id are no varints: the value was not written in Confluent's Protobuf format",
  )
