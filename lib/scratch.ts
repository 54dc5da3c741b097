import { writeUtf8 } from './buffer-text'
import type { ByteString } from './byte-string'

const LENGTH = 1024
/** Up to this length a loop over the bytes takes less than the call. */
const SHORT = 32
/** Of a character in UTF-8. */
const MOST_BYTES = 3

/** Memory that is written again and again: bytes that are copied at once cost no allocation there. */
export class Scratch {
  readonly #bytes = Buffer.allocUnsafeSlow(LENGTH)
  /** By length. */
  readonly #views: Buffer[] = []

  /** A buffer of that length. It is valid until the next one is asked for. */
  of(length: number): Buffer {
    if (length > LENGTH) return Buffer.allocUnsafe(length)
    return (this.#views[length] ??= this.#bytes.subarray(0, length))
  }

  /** A copy of some bytes, valid for as long. */
  copyOf(bytes: Buffer, start: number, end: number): Buffer {
    const copy = this.of(end - start)
    if (copy.length > SHORT) bytes.copy(copy, 0, start, end)
    else for (let i = 0; i < copy.length; i++) copy[i] = bytes[start + i]!
    return copy
  }

  /** The bytes that a text stands for, valid for as long. */
  ofByteString(text: ByteString): Buffer {
    const bytes = this.of(text.length)
    if (text.length > SHORT) bytes.write(text, 'latin1')
    else for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
    return bytes
  }

  /** The UTF-8 bytes of a well-formed text, valid for as long. */
  ofText(text: string): Buffer {
    if (text.length * MOST_BYTES > LENGTH) return Buffer.from(text, 'utf8')
    return this.of(writeUtf8(this.#bytes, text, 0))
  }
}
