/** Length of the timestamp in front of a stored value: 8 bytes, big endian, as in Kafka Streams. */
export const TIMESTAMP_BYTES = 8

const TWO_32 = 0x1_0000_0000
const HALF_TWO_32 = 0x8000_0000

export const writeTimestamp = (target: Buffer, timestamp: number, offset = 0): void => {
  const high = Math.floor(timestamp / TWO_32)
  if (high < -HALF_TWO_32 || high >= HALF_TWO_32) throw new RangeError(`${timestamp} does not fit in 64 bits`)
  writeInt32(target, high, offset)
  writeInt32(target, timestamp | 0, offset + 4)
}

/** Byte by byte: Buffer's own methods check their arguments, and V8 11 looks them up on every call, which takes longer. */
const writeInt32 = (target: Buffer, value: number, offset: number): void => {
  target[offset] = value >>> 24
  target[offset + 1] = value >>> 16
  target[offset + 2] = value >>> 8
  target[offset + 3] = value
}

export const readTimestamp = (bytes: Buffer, offset = 0): number => {
  if (offset < 0 || offset + TIMESTAMP_BYTES > bytes.length) {
    throw new RangeError(`8 bytes are needed from ${offset} on, and there are ${bytes.length}`)
  }
  return readInt32(bytes, offset) * TWO_32 + (readInt32(bytes, offset + 4) >>> 0)
}

const readInt32 = (bytes: Buffer, offset: number): number =>
  (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!

/** A copy of `value` behind its timestamp. */
export const prefixTimestamp = (timestamp: number, value: Buffer): Buffer => {
  const bytes = Buffer.allocUnsafe(TIMESTAMP_BYTES + value.length)
  writeTimestamp(bytes, timestamp)
  value.copy(bytes, TIMESTAMP_BYTES)
  return bytes
}

/** A view of what follows the timestamp. */
export const withoutTimestamp = (bytes: Buffer): Buffer => bytes.subarray(TIMESTAMP_BYTES)
