import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'

const SIDE_AT = TIMESTAMP_BYTES
const KEY_AT = TIMESTAMP_BYTES + 1
const LEFT = 1
const RIGHT = 0

/** `i64 timestamp ‖ i8 side ‖ key`: sorted by time, right before left, as in Kafka Streams. */
export const outerJoinKey = (key: Buffer, timestamp: number, isLeft: boolean): Buffer => {
  const bytes = Buffer.allocUnsafe(KEY_AT + key.length)
  writeTimestamp(bytes, timestamp)
  bytes[SIDE_AT] = isLeft ? LEFT : RIGHT
  bytes.set(key, KEY_AT)
  return bytes
}

/** @throws RangeError for what is no such key */
export const requireOuterJoinKey = (bytes: Buffer): void => {
  if (bytes.length >= KEY_AT && bytes[SIDE_AT]! <= LEFT) return
  throw new RangeError(`${bytes.toString('hex')} is no timestamp, side and key`)
}

export const timestampOf = (outerJoin: Buffer): number => readTimestamp(outerJoin)

export const isLeftSide = (outerJoin: Buffer): boolean => outerJoin[SIDE_AT] === LEFT

export const keyOf = (outerJoin: Buffer): Buffer => outerJoin.subarray(KEY_AT)
