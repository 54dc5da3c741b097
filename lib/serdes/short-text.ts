import { latin1Text } from '../bytes/buffer-text'

/**
 * Short ASCII strings recur often, especially as keys. Two small direct-mapped caches return what was decoded or
 * encoded last: no call into native code, and no new object.
 */

const MAX_LENGTH = 24
const SLOTS = 4096
const SLAB_BYTES = 4096

const decoded: string[] = new Array<string>(SLOTS).fill('')
/** Of the decoded strings, so that one that is not meant isn't read: most are not at hand. */
const decodedHashes = new Int32Array(SLOTS)
const encodedTexts: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined)
const encodedBytes: Buffer[] = new Array<Buffer>(SLOTS).fill(Buffer.alloc(0))
/** Bytes of cached strings share one buffer, so that a few of them don't keep many of Node's own pools alive. */
let slab = Buffer.alloc(0)
let slabUsed = 0

/** After so many look-ups, few of which found anything, the cache of decoded strings only costs: it is passed by for a while. */
const TRIAL = 4096
const WORTHWHILE_HITS = TRIAL / 4
const PASSED_BY = 32 * TRIAL
let lookUps = 0
let hits = 0
let passBy = 0

const slotOf = (hash: number): number => (hash ^ (hash >>> 13)) & (SLOTS - 1)

/** Undefined for strings that are not short or not ASCII. */
export function decodeShortText(bytes: Buffer, start: number, end: number): string | undefined {
  const length = end - start
  if (length > MAX_LENGTH) return undefined
  if (passBy > 0) {
    passBy--
    return newShortText(bytes, start, end)
  }
  if (++lookUps === TRIAL) judge()
  let hash = length
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte > 0x7f) return undefined
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  const slot = slotOf(hash)
  if (decodedHashes[slot] === hash) {
    const known = decoded[slot]!
    if (known.length === length) {
      let i = 0
      while (i < length && known.charCodeAt(i) === bytes[start + i]) i++
      if (i === length) {
        hits++
        return known
      }
    }
  }
  decodedHashes[slot] = hash
  return (decoded[slot] = asciiText(bytes, start, end))
}

/** The same without a look into the cache, for strings of which few recur soon. */
export const newShortText = (bytes: Buffer, start: number, end: number): string | undefined => {
  if (end - start > MAX_LENGTH) return undefined
  for (let i = start; i < end; i++) if (bytes[i]! > 0x7f) return undefined
  return asciiText(bytes, start, end)
}

const judge = (): void => {
  if (hits < WORTHWHILE_HITS) passBy = PASSED_BY
  lookUps = hits = 0
}

/**
 * Up to 16 characters, their codes as arguments take a third to two thirds of the time of a call into native code. Each is read where
 * it is passed: a function for that would be an object for every text.
 */
const asciiText = (b: Buffer, s: number, end: number): string => {
  const { fromCharCode: of } = String
  // prettier-ignore
  switch (end - s) {
    case 1:
      return of(b[s]!)
    case 2:
      return of(b[s]!, b[s + 1]!)
    case 3:
      return of(b[s]!, b[s + 1]!, b[s + 2]!)
    case 4:
      return of(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!)
    case 5:
      return of(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!)
    case 6:
      return of(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!)
    case 7:
      return of(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!)
    case 8:
      return of(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!)
    case 9:
      return of(b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!, b[s + 6]!, b[s + 7]!, b[s + 8]!)
    case 10:
      return of(
        b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!,
        b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!,
      )
    case 11:
      return of(
        b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!,
        b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!, b[s + 10]!,
      )
    case 12:
      return of(
        b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!,
        b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!, b[s + 10]!, b[s + 11]!,
      )
    case 13:
      return of(
        b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!,
        b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!, b[s + 10]!, b[s + 11]!,
        b[s + 12]!,
      )
    case 14:
      return of(
        b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!,
        b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!, b[s + 10]!, b[s + 11]!,
        b[s + 12]!, b[s + 13]!,
      )
    case 15:
      return of(
        b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!,
        b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!, b[s + 10]!, b[s + 11]!,
        b[s + 12]!, b[s + 13]!, b[s + 14]!,
      )
    case 16:
      return of(
        b[s]!, b[s + 1]!, b[s + 2]!, b[s + 3]!, b[s + 4]!, b[s + 5]!,
        b[s + 6]!, b[s + 7]!, b[s + 8]!, b[s + 9]!, b[s + 10]!, b[s + 11]!,
        b[s + 12]!, b[s + 13]!, b[s + 14]!, b[s + 15]!,
      )
    default:
      return latin1Text(b, s, end)
  }
}

/** Undefined for strings that are not short or not ASCII. The bytes are shared: they must not be modified. */
export function encodeShortText(text: string): Buffer | undefined {
  const { length } = text
  if (length > MAX_LENGTH) return undefined
  let hash = length
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return undefined
    hash = (Math.imul(hash, 31) + code) | 0
  }
  const slot = slotOf(hash)
  if (encodedTexts[slot] === text) return encodedBytes[slot]
  if (slabUsed + length > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    slabUsed = 0
  }
  const bytes = slab.subarray(slabUsed, slabUsed + length)
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i)
  slabUsed += length
  encodedTexts[slot] = text
  encodedBytes[slot] = bytes
  return bytes
}
