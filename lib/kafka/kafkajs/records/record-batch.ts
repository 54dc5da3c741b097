/**
 * The layout of a record batch, magic 2. After the base offset (8 bytes) and the length of what follows (4):
 * partition leader epoch 4, magic 1, CRC 4 (over all that follows it), attributes 2, last offset delta 4, base timestamp 8,
 * max timestamp 8, producer id 8, producer epoch 2, base sequence 4, record count 4, records.
 */
export const LENGTH_AT = 8
export const LENGTH_ENDS_AT = 12
export const LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORD_COUNT_AT = 57
export const RECORDS_AT = 61

export const MAGIC = 2

export const COMPRESSION_MASK = 0x07
export const LOG_APPEND_TIME = 0x08
export const TRANSACTIONAL = 0x10
export const CONTROL = 0x20

const TWO_32 = 4294967296

/** Exact to 2^53. Small ones, which most offsets are, stay integers to the engine: as a product they would be objects. */
export const readInt64 = (buffer: Buffer, at: number): number => {
  const high = buffer.readInt32BE(at)
  const low = buffer.readUInt32BE(at + 4)
  return high === 0 ? low : high * TWO_32 + low
}

export const writeInt64 = (buffer: Buffer, value: number, at: number): void => {
  const high = Math.floor(value / TWO_32)
  buffer.writeInt32BE(high, at)
  buffer.writeUInt32BE(value - high * TWO_32, at + 4)
}
