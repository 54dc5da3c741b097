import { byteString, bytesOf, type ByteString } from '../../bytes/byte-string'
import type { ByteScan, ByteStore } from '../state-engine'

/**
 * Bytes of a limited number of keys: one more evicts the least recently read or written key. Scans don't count as use. As
 * in Kafka Streams, restored records also evict, in changelog order.
 */
export class BoundedBytes implements ByteStore {
  readonly #bytes: ByteStore
  readonly #maxEntries: number
  readonly #evicted: (key: Buffer) => void
  /** All keys, the least recently used first. */
  readonly #byUse = new Set<ByteString>()

  /** `evicted` is called for evicted keys, except during restore. */
  constructor(bytes: ByteStore, maxEntries: number, evicted: (key: Buffer) => void) {
    this.#bytes = bytes
    this.#maxEntries = maxEntries
    this.#evicted = evicted
  }

  get(key: Buffer): Buffer | null {
    const value = this.#bytes.get(key)
    if (value !== null) this.#use(byteString(key))
    return value
  }

  put(key: Buffer, value: Buffer | null): void {
    this.#bytes.put(key, value)
    const eldest = this.#written(key, value)
    if (eldest === null) return
    this.#bytes.put(eldest, null)
    this.#evicted(eldest)
  }

  restore(key: Buffer, value: Buffer | null, timestamp?: number): void {
    this.#bytes.restore(key, value, timestamp)
    const eldest = this.#written(key, value)
    if (eldest !== null) this.#bytes.restore(eldest, null)
  }

  scan(scan: ByteScan): AsyncIterable<[key: Buffer, value: Buffer]> {
    return this.#bytes.scan(scan)
  }

  dropBelow(key: Buffer): void {
    this.#bytes.dropBelow(key)
  }

  approximateNumEntries(): number {
    return this.#bytes.approximateNumEntries()
  }

  /** The key to evict, if any. */
  #written(key: Buffer, value: Buffer | null): Buffer | null {
    const text = byteString(key)
    if (value === null) {
      this.#byUse.delete(text)
      return null
    }
    this.#use(text)
    if (this.#byUse.size <= this.#maxEntries) return null
    const [eldest] = this.#byUse
    this.#byUse.delete(eldest!)
    return bytesOf(eldest!)
  }

  #use(text: ByteString): void {
    this.#byUse.delete(text)
    this.#byUse.add(text)
  }
}
