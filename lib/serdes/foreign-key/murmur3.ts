/**
 * Murmur3, 128 bits, x64 variant, with the seed of Kafka Streams: what tells an answer to a foreign-key subscription from
 * one to an earlier value of the row. In halves of 64-bit numbers, since BigInt takes ten times as long.
 */
export const murmur3 = (bytes: Buffer): Buffer => {
  const { length } = bytes
  const blocks = length >>> 4
  let h1h = 0
  let h1l = SEED
  let h2h = 0
  let h2l = SEED

  for (let i = 0; i < blocks; i++) {
    const at = i << 4
    mixFirst(bytes.readInt32LE(at + 4), bytes.readInt32LE(at))
    h1h ^= high
    h1l ^= low
    rotate(h1h, h1l, 27)
    add(high, low, h2h, h2l)
    multiply(high, low, 0, 5)
    add(high, low, 0, 0x52dce729)
    h1h = high
    h1l = low
    mixSecond(bytes.readInt32LE(at + 12), bytes.readInt32LE(at + 8))
    h2h ^= high
    h2l ^= low
    rotate(h2h, h2l, 31)
    add(high, low, h1h, h1l)
    multiply(high, low, 0, 5)
    add(high, low, 0, 0x38495ab5)
    h2h = high
    h2l = low
  }

  const start = blocks << 4
  if (length - start > 8) {
    mixSecond(tail(bytes, start + 12, length), tail(bytes, start + 8, length))
    h2h ^= high
    h2l ^= low
  }
  if (length > start) {
    mixFirst(tail(bytes, start + 4, length), tail(bytes, start, length))
    h1h ^= high
    h1l ^= low
  }

  h1l ^= length
  h2l ^= length
  add(h1h, h1l, h2h, h2l)
  h1h = high
  h1l = low
  add(h2h, h2l, h1h, h1l)
  finish(high, low)
  h2h = high
  h2l = low
  finish(h1h, h1l)
  add(high, low, h2h, h2l)
  h1h = high
  h1l = low
  add(h2h, h2l, h1h, h1l)

  const hash = Buffer.allocUnsafe(16)
  hash.writeInt32BE(h1h | 0, 0)
  hash.writeInt32BE(h1l | 0, 4)
  hash.writeInt32BE(high | 0, 8)
  hash.writeInt32BE(low | 0, 12)
  return hash
}

const SEED = 104729
const C1_HIGH = 0x87c37b91
const C1_LOW = 0x114253d5
const C2_HIGH = 0x4cf5ad43
const C2_LOW = 0x2745937f

/** The 64-bit result of the last operation. */
let high = 0
let low = 0

const mixFirst = (h: number, l: number): void => {
  multiply(h, l, C1_HIGH, C1_LOW)
  rotate(high, low, 31)
  multiply(high, low, C2_HIGH, C2_LOW)
}

const mixSecond = (h: number, l: number): void => {
  multiply(h, l, C2_HIGH, C2_LOW)
  rotate(high, low, 33)
  multiply(high, low, C1_HIGH, C1_LOW)
}

const finish = (h: number, l: number): void => {
  // a shift to the right by 33
  multiply(h, l ^ (h >>> 1), 0xff51afd7, 0xed558ccd)
  multiply(high, low ^ (high >>> 1), 0xc4ceb9fe, 0x1a85ec53)
  low ^= high >>> 1
}

const add = (ah: number, al: number, bh: number, bl: number): void => {
  const sum = (al >>> 0) + (bl >>> 0)
  low = sum | 0
  high = (ah + bh + (sum > 0xffffffff ? 1 : 0)) | 0
}

const multiply = (ah: number, al: number, bh: number, bl: number): void => {
  const a0 = al & 0xffff
  const a1 = al >>> 16
  const b0 = bl & 0xffff
  const b1 = bl >>> 16
  const lowest = a0 * b0
  const middle = a1 * b0 + (lowest >>> 16)
  const other = a0 * b1 + (middle & 0xffff)
  const carry = a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)
  low = ((other & 0xffff) << 16) | (lowest & 0xffff)
  high = (Math.imul(ah, bl) + Math.imul(al, bh) + carry) | 0
}

const rotate = (h: number, l: number, by: number): void => {
  if (by >= 32) [h, l, by] = [l, h, by - 32]
  high = (h << by) | (l >>> (32 - by))
  low = (l << by) | (h >>> (32 - by))
}

/** Up to four bytes from `at`, little endian. */
const tail = (bytes: Buffer, at: number, length: number): number => {
  let word = 0
  for (let i = Math.min(3, length - at - 1); i >= 0; i--) word = (word << 8) | bytes[at + i]!
  return word
}
