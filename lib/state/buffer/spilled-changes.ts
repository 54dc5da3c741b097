import { type ByteString, bytesOf } from '../byte-string'
import type { ByteStore } from '../state-engine'
import { type BufferedChange, type BufferedEntry, decodeEntry, encodeEntry } from './buffered-change'

/** How much of a buffer that spills stays in memory. */
export interface MemoryBounds {
  readonly maxRecords: number
  readonly maxBytes: number
}

/**
 * The waiting updates of a buffer in the task's state: all of them as of the last commit, and those that were spilled since. They are
 * looked up by key; their order is the queue's, which is in memory and rebuilt from here at the start.
 */
export class SpilledChanges {
  constructor(
    private readonly bytes: ByteStore,
    readonly bounds: MemoryBounds,
  ) {}

  get(key: ByteString): BufferedChange {
    return decodeEntry({ value: this.encoded(key), version: 3, context: NO_CONTEXT }).change
  }

  /** As written. */
  encoded(key: ByteString): Buffer {
    return this.bytes.get(bytesOf(key))!
  }

  put(key: ByteString, encoded: Buffer): void {
    this.bytes.put(bytesOf(key), encoded)
  }

  remove(key: ByteString): void {
    this.bytes.put(bytesOf(key), null)
  }

  restore(key: Buffer, entry: BufferedEntry | null): void {
    this.bytes.restore(key, entry && encodeEntry(entry))
  }

  async *entries(): AsyncGenerator<[key: Buffer, entry: BufferedEntry]> {
    for await (const [key, value] of this.bytes.scan({})) {
      yield [key, decodeEntry({ value, version: 3, context: NO_CONTEXT })]
    }
  }
}

/** Entries of version 3 have a context of their own. */
const NO_CONTEXT = { topic: null, partition: -1, offset: -1, timestamp: -1, headers: [] }
