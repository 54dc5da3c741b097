import type { ByteStore } from '../state-engine'
import { type BufferedChange, type BufferedEntry, decodeOwned, encodeEntry } from './buffered-change'
import type { Queued } from './suppression-queue'

/** How much of a buffer that spills stays in memory. */
export interface MemoryBounds {
  readonly maxRecords: number
  readonly maxBytes: number
  /** What exceeds the bounds is spilled once it has this size, and at each commit: what is emitted before costs no write and no read. */
  readonly unspilledBytes: number
}

/**
 * The waiting updates of a buffer in the task's state: all of them as of the last commit, and those that were spilled since. They are
 * looked up by key, in bytes that are valid during a call; their order is the queue's, which is in memory and rebuilt from here at the start.
 */
export class SpilledChanges {
  /** Entries that exceeded the bounds when they were put. One may be there several times, or no longer be in memory. */
  readonly #unspilled: Queued[] = []
  #unspilledBytes = 0

  constructor(
    private readonly bytes: ByteStore,
    readonly bounds: MemoryBounds,
  ) {}

  get(key: Buffer): BufferedChange {
    return decodeOwned(this.encoded(key)).change
  }

  /** As written. */
  encoded(key: Buffer): Buffer {
    return this.bytes.get(key)!
  }

  put(key: Buffer, encoded: Buffer): void {
    this.bytes.put(key, encoded)
  }

  remove(key: Buffer): void {
    this.bytes.put(key, null)
  }

  /** An entry in memory exceeds the bounds. True: it is time to spill. */
  exceeds(queued: Queued, size: number): boolean {
    this.#unspilled.push(queued)
    this.#unspilledBytes += size
    return this.#unspilledBytes > this.bounds.unspilledBytes
  }

  /** Entries to be spilled, as far as each is in memory when its turn comes. */
  takeUnspilled(): Queued[] {
    this.#unspilledBytes = 0
    return this.#unspilled.splice(0)
  }

  restore(key: Buffer, entry: BufferedEntry | null): void {
    this.bytes.restore(key, entry && encodeEntry(entry))
  }

  async *entries(): AsyncGenerator<[key: Buffer, entry: BufferedEntry]> {
    for await (const [key, value] of this.bytes.scan({})) {
      yield [key, decodeOwned(value)]
    }
  }
}
