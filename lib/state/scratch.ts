import { writeUtf8 } from '../buffer-text'

const LENGTH = 1024
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

  /** The UTF-8 bytes of a well-formed text, valid for as long. */
  ofText(text: string): Buffer {
    if (text.length * MOST_BYTES > LENGTH) return Buffer.from(text, 'utf8')
    return this.of(writeUtf8(this.#bytes, text, 0))
  }
}
