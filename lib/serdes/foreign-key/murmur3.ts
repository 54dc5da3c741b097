/**
 * Murmur3, 128 bits, x64 variant, with the seed of Kafka Streams: what tells an answer to a foreign-key subscription from
 * one to an earlier value of the row.
 *
 * Each 64-bit number is two halves, `…h` and `…l`, in local variables: in variables that functions share it takes twice as
 * long, and with BigInt twenty times.
 */
export const murmur3 = (bytes: Buffer): Buffer => {
  const { length } = bytes
  const end = length & ~15
  let h1h = 0
  let h1l = SEED
  let h2h = 0
  let h2l = SEED

  for (let at = 0; at <= end; at += 16) {
    const isWhole = at < end
    let kh = isWhole ? wordAt(bytes, at + 4) : tailAt(bytes, at + 4)
    let kl = isWhole ? wordAt(bytes, at) : tailAt(bytes, at)
    let h = highOfProduct(kh, kl, C1_HIGH, C1_LOW)
    let l = Math.imul(kl, C1_LOW)
    // rotated by 31
    kh = (h << 31) | (l >>> 1)
    kl = (l << 31) | (h >>> 1)
    h1h ^= highOfProduct(kh, kl, C2_HIGH, C2_LOW)
    h1l ^= Math.imul(kl, C2_LOW)
    if (isWhole) {
      // rotated by 27
      h = (h1h << 27) | (h1l >>> 5)
      l = (h1l << 27) | (h1h >>> 5)
      h1l = (l + h2l) | 0
      h1h = (h + h2h + carryOf(h1l, l)) | 0
      h = highOfProduct(h1h, h1l, 0, 5)
      l = Math.imul(h1l, 5)
      h1l = (l + 0x52dce729) | 0
      h1h = (h + carryOf(h1l, l)) | 0
    }

    kh = isWhole ? wordAt(bytes, at + 12) : tailAt(bytes, at + 12)
    kl = isWhole ? wordAt(bytes, at + 8) : tailAt(bytes, at + 8)
    h = highOfProduct(kh, kl, C2_HIGH, C2_LOW)
    l = Math.imul(kl, C2_LOW)
    // rotated by 33
    kh = (l << 1) | (h >>> 31)
    kl = (h << 1) | (l >>> 31)
    h2h ^= highOfProduct(kh, kl, C1_HIGH, C1_LOW)
    h2l ^= Math.imul(kl, C1_LOW)
    if (isWhole) {
      // rotated by 31
      h = (h2h << 31) | (h2l >>> 1)
      l = (h2l << 31) | (h2h >>> 1)
      h2l = (l + h1l) | 0
      h2h = (h + h1h + carryOf(h2l, l)) | 0
      h = highOfProduct(h2h, h2l, 0, 5)
      l = Math.imul(h2l, 5)
      h2l = (l + 0x38495ab5) | 0
      h2h = (h + carryOf(h2l, l)) | 0
    }
  }

  h1l ^= length
  h2l ^= length
  let l = h1l
  h1l = (l + h2l) | 0
  h1h = (h1h + h2h + carryOf(h1l, l)) | 0
  l = h2l
  h2l = (l + h1l) | 0
  h2h = (h2h + h1h + carryOf(h2l, l)) | 0
  l = finishedLow(h1h, h1l)
  h1h = finishedHigh(h1h, h1l)
  const added = finishedLow(h2h, h2l)
  h2h = finishedHigh(h2h, h2l)
  h1l = (l + added) | 0
  h1h = (h1h + h2h + carryOf(h1l, l)) | 0
  h2l = (added + h1l) | 0
  h2h = (h2h + h1h + carryOf(h2l, added)) | 0

  const hash = Buffer.allocUnsafe(16)
  hash.writeInt32BE(h1h, 0)
  hash.writeInt32BE(h1l, 4)
  hash.writeInt32BE(h2h, 8)
  hash.writeInt32BE(h2l, 12)
  return hash
}

const SEED = 104729
const C1_HIGH = 0x87c37b91 | 0
const C1_LOW = 0x114253d5
const C2_HIGH = 0x4cf5ad43
const C2_LOW = 0x2745937f
const C3_HIGH = 0xff51afd7 | 0
const C3_LOW = 0xed558ccd | 0
const C4_HIGH = 0xc4ceb9fe | 0
const C4_LOW = 0x1a85ec53

/** The last mixing of the halves of the hash; each shift to the right in it is one by 33. */
const finishedHigh = (h: number, l: number): number => {
  const low = l ^ (h >>> 1)
  const high = highOfProduct(h, low, C3_HIGH, C3_LOW)
  return highOfProduct(high, Math.imul(low, C3_LOW) ^ (high >>> 1), C4_HIGH, C4_LOW)
}

const finishedLow = (h: number, l: number): number => {
  const low = l ^ (h >>> 1)
  const high = highOfProduct(h, low, C3_HIGH, C3_LOW)
  return Math.imul(Math.imul(low, C3_LOW) ^ (high >>> 1), C4_LOW) ^ (finishedHigh(h, l) >>> 1)
}

/** Of the lower halves of a sum and of one of its parts. */
const carryOf = (sum: number, part: number): number => (sum >>> 0 < part >>> 0 ? 1 : 0)

/** The upper half of a product modulo 2^64. In quarters of 16 bits, whose products fit into 32 with what is carried. */
const highOfProduct = (ah: number, al: number, bh: number, bl: number): number => {
  const a0 = al & 0xffff
  const a1 = al >>> 16
  const b0 = bl & 0xffff
  const b1 = bl >>> 16
  const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0
  const other = (Math.imul(a0, b1) + (middle & 0xffff)) | 0
  return (Math.imul(ah, bl) + Math.imul(al, bh) + Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0
}

const wordAt = (bytes: Buffer, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

/** Up to four bytes from `at`, little endian; past the end there are zeros. */
const tailAt = (bytes: Buffer, at: number): number => {
  let word = 0
  for (let i = Math.min(at + 4, bytes.length) - 1; i >= at; i--) word = (word << 8) | bytes[i]!
  return word
}
