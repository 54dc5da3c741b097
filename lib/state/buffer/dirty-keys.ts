import type { ByteString } from '../../bytes/byte-string'

const MIN_CAPACITY = 16
const LOAD_FACTOR = 0.75

/** Keys to be logged, in the order in which Kafka Streams logs them: that of a `java.util.HashSet`, which never shrinks. */
export class DirtyKeys {
  readonly #keys = new Set<ByteString>()
  #capacity = MIN_CAPACITY

  add(key: ByteString): void {
    this.#keys.add(key)
    if (this.#keys.size > this.#capacity * LOAD_FACTOR) this.#capacity *= 2
  }

  /** Returns all of them, and clears the set. */
  take(): ByteString[] {
    if (this.#keys.size === 0) return []
    const mask = this.#capacity - 1
    const buckets = [...this.#keys].map((key) => ({ key, bucket: spreadHash(key) & mask }))
    this.#keys.clear()
    return buckets.sort((a, b) => a.bucket - b.bucket).map(({ key }) => key)
  }
}

/** `Arrays.hashCode` of signed bytes. */
const spreadHash = (key: ByteString): number => {
  let hash = 1
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + ((key.charCodeAt(i) << 24) >> 24)) | 0
  return hash ^ (hash >>> 16)
}
