import type { ByteString } from '../../bytes/byte-string'
import type { Indexed } from '../cache/entry-index'
import { entrySize, type FlushedEntry } from '../cache/flushed-entry'
import { keptHeaders, NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { type HeldBytes, HeldRecordContext } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

export interface FlushedKey<V> extends FlushedEntry<V> {
  readonly entry: KeyedCacheEntry<V>
}

/**
 * A cached key of a key-value store. It is mostly an old entry that is updated, so that the context of the update is
 * copied into it: the garbage collector would have to follow a pointer from an old object to a new one.
 */
export class KeyedCacheEntry<V> implements Indexed {
  /** Bytes if the value itself can't be kept; `null` means deleted. */
  value: V | Buffer | null = null
  valueTimestamp = -1
  textHash = 0
  key: unknown = undefined
  keyHash = 0

  #topic: string | null = ''
  #headers: RecordHeaders = NO_HEADERS
  #partition = -1
  #offset = -1
  #timestamp = -1
  #bytes: HeldBytes | null = null

  constructor(
    readonly text: ByteString,
    /** In the record cache. */
    readonly slot: number,
  ) {}

  /** `bytes`: what the update was read from, if an error handler may ask for it. Not part of its size, as in Kafka Streams. */
  updatedBy({ topic, partition, offset, timestamp, headers }: RecordContext, bytes: HeldBytes | null): void {
    this.#topic = topic
    this.#partition = partition
    this.#offset = offset
    this.#timestamp = timestamp
    this.#headers = keptHeaders(headers)
    this.#bytes = bytes
  }

  take(): FlushedKey<V> {
    const { value, valueTimestamp } = this
    const bytes = this.#bytes
    this.#bytes = null
    const context = new HeldRecordContext(
      this.#topic,
      this.#partition,
      this.#offset,
      this.#timestamp,
      this.#headers,
      bytes,
    )
    return { entry: this, value, valueTimestamp, context }
  }

  /** Its size in the budget. `length` is that of key and value bytes. */
  sizeWith(length: number): number {
    return entrySize(length, this.#topic, this.#headers)
  }
}
