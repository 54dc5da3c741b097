import * as zlib from 'node:zlib'
import { crcTables } from './crc-tables'

/** Node has it since 20.15 and 22.2. */
const native = (zlib as { crc32?: (bytes: Uint8Array, before?: number) => number }).crc32

/** The length from which the call into native code pays off. */
const NATIVE_FROM = 400

/** CRC-32 (as in zlib) of the first `end` bytes, as an unsigned number; `before` is that of the bytes before them. */
export const crc32 = (bytes: Uint8Array, end = bytes.length, before = 0): number =>
  native !== undefined && end >= NATIVE_FROM
    ? native(bytes.subarray(0, end), before)
    : crc32InScript(bytes, end, before)

const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15] = crcTables(0xedb88320)

/** For short values, and for Node versions without a native one. */
export const crc32InScript = (bytes: Uint8Array, end: number, before: number): number => {
  let crc = ~before
  let at = 0
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

/** The same, in half the time, of bytes that are also there as little-endian `words`. */
export const crc32OfWords = (words: Int32Array, bytes: Uint8Array, end: number, before: number): number => {
  let crc = ~before
  const count = (end >>> 2) & ~3
  for (let i = 0; i < count; i += 4) {
    const a = crc ^ words[i]!
    const b = words[i + 1]!
    const c = words[i + 2]!
    const d = words[i + 3]!
    crc =
      T15[a & 255]! ^
      T14[(a >>> 8) & 255]! ^
      T13[(a >>> 16) & 255]! ^
      T12[a >>> 24]! ^
      T11[b & 255]! ^
      T10[(b >>> 8) & 255]! ^
      T9[(b >>> 16) & 255]! ^
      T8[b >>> 24]! ^
      T7[c & 255]! ^
      T6[(c >>> 8) & 255]! ^
      T5[(c >>> 16) & 255]! ^
      T4[c >>> 24]! ^
      T3[d & 255]! ^
      T2[(d >>> 8) & 255]! ^
      T1[(d >>> 16) & 255]! ^
      T0[d >>> 24]!
  }
  for (let at = 4 * count; at < end; at++) crc = T0[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
