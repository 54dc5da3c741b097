import { latin1Text } from '../buffer-text'

/**
 * Short ASCII strings recur often, especially as keys. Two small direct-mapped caches return what was decoded or
 * encoded last: no call into native code, and no new object.
 */

const MAX_LENGTH = 24
const SLOTS = 4096
const SLAB_BYTES = 4096

const decoded: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined)
const encodedTexts: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined)
const encodedBytes: Buffer[] = new Array<Buffer>(SLOTS).fill(Buffer.alloc(0))
/** Bytes of cached strings share one buffer, so that a few of them don't keep many of Node's own pools alive. */
let slab = Buffer.alloc(0)
let slabUsed = 0

const slotOf = (hash: number): number => (hash ^ (hash >>> 13)) & (SLOTS - 1)

/** Undefined for strings that are not short or not ASCII. */
export function decodeShortText(bytes: Buffer, start: number, end: number): string | undefined {
  const length = end - start
  if (length > MAX_LENGTH) return undefined
  let hash = length
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte > 0x7f) return undefined
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  const slot = slotOf(hash)
  const known = decoded[slot]
  if (known !== undefined && known.length === length) {
    let i = 0
    while (i < length && known.charCodeAt(i) === bytes[start + i]) i++
    if (i === length) return known
  }
  return (decoded[slot] = latin1Text(bytes, start, end))
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
