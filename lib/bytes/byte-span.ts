import { copyBytes } from './copy-bytes'

/** A part of a buffer, from `start` to before `end`: set again and again, where `subarray` makes a new object each time. */
export interface ByteSpan {
  /** The buffer that it is a part of. */
  bytes: Buffer
  /** Where it begins in the buffer, in bytes. */
  start: number
  /** Where it ends: the position of the first byte behind it. */
  end: number
}

export const newByteSpan = (): ByteSpan => ({ bytes: NO_BYTES, start: 0, end: 0 })

export const setSpan = (span: ByteSpan, bytes: Buffer, start: number, end: number): void => {
  span.bytes = bytes
  span.start = start
  span.end = end
}

/** A copy of its bytes, without the first `skipped`. */
export const copyOfSpan = ({ bytes, start, end }: ByteSpan, skipped = 0): Buffer =>
  copyBytes(bytes, start + skipped, end)

const NO_BYTES = Buffer.alloc(0)
