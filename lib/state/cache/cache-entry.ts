import type { ByteString } from '../byte-string'
import type { Indexed } from './entry-index'
import { NO_SLOT, type Used } from './use-order'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import type { HeldBytes } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'

/** A dirty entry as it was when its flush began: forwarding one may lead to new updates of others. */
export interface FlushedEntry<V> {
  readonly entry: CacheEntry<V>
  readonly value: V | Buffer | null
  readonly valueTimestamp: number
  readonly context: RecordContext
}

/** What a flush has still to write of entries that were updated since it began. */
export type Superseded<V> = Map<CacheEntry<V>, FlushedEntry<V>>

/** One key of a record cache, with the record context of its last update. */
export class CacheEntry<V> implements Indexed, Used {
  /** Bytes if the value itself can't be kept; `null` means deleted. */
  value: V | Buffer | null = null
  valueTimestamp = -1
  dirty = false
  /** The flush that has yet to write it as it is. */
  flush: Superseded<V> | null = null
  /** Its size in the budget. */
  size = 0

  topic: string | null = ''
  partition = -1
  offset = -1
  timestamp = -1
  headers: RecordHeaders = NO_HEADERS
  /** What the last update was read from, if an error handler may ask for it. Not part of its size, as in Kafka Streams. */
  bytes: HeldBytes | null = null

  slot = NO_SLOT
  textHash = 0
  key: unknown = undefined
  keyHash = 0

  constructor(readonly text: ByteString) {}

  updatedBy({ topic, partition, offset, timestamp, headers }: RecordContext, bytes: HeldBytes | null): void {
    this.bytes = bytes
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestamp = timestamp
    // copies: a header's value is a view that would keep a whole fetch response in memory
    this.headers =
      headers.length === 0
        ? NO_HEADERS
        : headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const)
  }

  /** Kafka Streams' estimate: eviction happens at the same updates as there. `length` is that of key and value bytes. */
  estimate(length: number): number {
    const size = length + ENTRY_BYTES + (this.topic === null ? 0 : this.topic.length)
    return this.headers.length === 0 ? size : size + headersSize(this.headers)
  }
}

const headersSize = (headers: RecordHeaders): number =>
  headers.reduce((size, [name, value]) => size + name.length + (value === null ? 0 : value.length), 0)

/** Three references, the dirty flag, timestamp, offset and partition. */
const ENTRY_BYTES = 24 + 1 + 8 + 8 + 4
