import { copyBytes } from './copy-bytes'

/** A part of a buffer, from `start` to before `end`: set again and again, where `subarray` makes a new object each time. */
export interface ByteSpan {
  bytes: Buffer
  start: number
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
