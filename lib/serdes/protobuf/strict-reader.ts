import type * as Protobuf from 'protobufjs'
import { utf8Text } from '../../bytes/buffer-text'
import { newShortText } from '../short-text'

export type StrictReader = new (bytes: Buffer) => Protobuf.Reader

/** Where the bytes end within a text or a 64-bit varint, protobufjs reads a shorter one: this reader fails. */
export const strictReader = ({ BufferReader }: typeof Protobuf): StrictReader =>
  class extends BufferReader {
    override string(): string {
      const length = this.uint32()
      const start = this.pos
      const end = start + length
      if (end > this.len) throw new RangeError('they end within a text')
      this.pos = end
      const bytes = this.buf as Buffer
      return newShortText(bytes, start, end) ?? utf8Text(bytes, start, end)
    }

    override int64(): Protobuf.Long {
      return this.whole(super.int64())
    }

    override uint64(): Protobuf.Long {
      return this.whole(super.uint64())
    }

    override sint64(): Protobuf.Long {
      return this.whole(super.sint64())
    }

    private whole(varint: Protobuf.Long): Protobuf.Long {
      if (this.pos > this.len || this.buf[this.pos - 1]! > 0x7f) throw new RangeError('they end within a number')
      return varint
    }
  }
