import { crcTables } from './crc-tables'

const [T0, T1, T2, T3, T4, T5, T6, T7] = crcTables(0x82f63b78)

/** CRC-32C (Castagnoli) of the bytes from `start` up to `end`, as an unsigned number: Kafka's and LevelDB's. */
export const crc32c = (bytes: Uint8Array, start = 0, end = bytes.length): number => {
  let crc = -1
  let at = start
  for (; end - at >= 8; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
    crc =
      T7[low & 255]! ^
      T6[(low >>> 8) & 255]! ^
      T5[(low >>> 16) & 255]! ^
      T4[low >>> 24]! ^
      T3[bytes[at + 4]!]! ^
      T2[bytes[at + 5]!]! ^
      T1[bytes[at + 6]!]! ^
      T0[bytes[at + 7]!]!
  }
  while (at < end) crc = T0[(crc ^ bytes[at++]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
