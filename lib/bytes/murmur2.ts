const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Kafka's 32-bit murmur2, signed: the hash behind its default partitioner. */
export const murmur2 = (bytes: Uint8Array): number => {
  const length = bytes.length
  let h = SEED ^ length
  let i = 0
  for (const end = length & ~3; i < end; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  const rest = length & 3
  if (rest > 2) h ^= bytes[i + 2]! << 16
  if (rest > 1) h ^= bytes[i + 1]! << 8
  if (rest > 0) h = Math.imul(h ^ bytes[i]!, M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  h ^= h >>> 15
  return h
}

/** Of the bytes of an ASCII text; `undefined` for any other. */
const murmur2OfAscii = (text: string): number | undefined => {
  const length = text.length
  let h = SEED ^ length
  let i = 0
  let seen = 0
  for (const end = length & ~3; i < end; i += 4) {
    const a = text.charCodeAt(i)
    const b = text.charCodeAt(i + 1)
    const c = text.charCodeAt(i + 2)
    const d = text.charCodeAt(i + 3)
    seen |= a | b | c | d
    let k = a | (b << 8) | (c << 16) | (d << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    k = Math.imul(k, M)
    h = Math.imul(h, M) ^ k
  }
  for (let k = i; k < length; k++) seen |= text.charCodeAt(k)
  if (seen > 0x7f) return undefined
  const rest = length & 3
  if (rest > 2) h ^= text.charCodeAt(i + 2) << 16
  if (rest > 1) h ^= text.charCodeAt(i + 1) << 8
  if (rest > 0) h = Math.imul(h ^ text.charCodeAt(i), M)
  h ^= h >>> 13
  h = Math.imul(h, M)
  h ^= h >>> 15
  return h
}

/** Where Kafka's default partitioner puts a key; a text stands for its UTF-8 bytes. */
export const partitionFor = (key: Uint8Array | string, partitions: number): number =>
  ((typeof key === 'string' ? (murmur2OfAscii(key) ?? murmur2(Buffer.from(key))) : murmur2(key)) & 0x7fffffff) %
  partitions
