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

/** Where Kafka's default partitioner puts a key. */
export const partitionFor = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions
