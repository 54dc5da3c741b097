import { writeUtf8 } from './buffer-text'
import { LITTLE_ENDIAN } from './byte-order'
import type { ByteString } from './byte-string'
import { copyBytes } from './copy-bytes'

const LENGTH = 1024
/** Up to this length a loop over the characters takes less than the call. */
const SHORT = 32
/** Of a character in UTF-8. */
const MOST_BYTES = 3

/** Memory that is written again and again: bytes that are copied at once cost no allocation there. */
export class Scratch {
  readonly #bytes = Buffer.allocUnsafeSlow(LENGTH)
  readonly #words = new Int32Array(this.#bytes.buffer)
  /** By length. */
  readonly #views: Buffer[] = []

  /** A buffer of that length. It is valid until the next one is asked for. */
  of(length: number): Buffer {
    if (length > LENGTH) return Buffer.allocUnsafe(length)
    return (this.#views[length] ??= this.#bytes.subarray(0, length))
  }

  /** What is in a buffer of that length, as little-endian words; `undefined` if it is long, or the machine has another order. */
  wordsOf(length: number): Int32Array | undefined {
    return LITTLE_ENDIAN && length <= LENGTH ? this.#words : undefined
  }

  /** A copy of some bytes, valid for as long. */
  copyOf(bytes: Buffer, start: number, end: number): Buffer {
    return copyBytes(bytes, start, end, this.of(end - start))
  }

  /** A copy of what a `DataView` shows, four bytes at a time and without an object; valid for as long. */
  copyFrom(view: DataView, start: number, length: number): Buffer {
    const copy = this.of(length)
    const words = this.#words
    const whole = length > LENGTH ? 0 : length & ~3
    for (let i = 0; i < whole; i += 4) words[i >>> 2] = view.getInt32(start + i, LITTLE_ENDIAN)
    for (let i = whole; i < length; i++) copy[i] = view.getUint8(start + i)
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
