import type { RecordHeaders } from '../../record/headers'
import type { ClientError } from './client-error'

/** Whether records of transactions are read before they are committed, and those of aborted ones. */
export type Isolation = 'read_committed' | 'read_uncommitted'

/** A flyweight: its getters hold until the next `advance()`. `key` and `value` are views of the fetch buffer: copy what outlives the batch. */
export interface RecordCursor {
  /** Moves to the next record; before the first call there is none. False after the last one. Throws what `records()` says. */
  advance(): boolean
  /** The record's offset in its partition. */
  readonly offset: number
  /** In milliseconds since 1970; −1 where it has none. */
  readonly timestamp: number
  /** `null` where it has none; an empty key is an empty buffer. */
  readonly key: Buffer | null
  /** `null` for a tombstone; an empty value is an empty buffer. */
  readonly value: Buffer | null
  /** Where key and value lie, for readers that need no views of them. A length of −1 is null. */
  readonly bytes: Buffer
  /** Of the key's first byte in `bytes`. */
  readonly keyStart: number
  /** Of the key, in bytes; −1 is null. */
  readonly keyLength: number
  /** Of the value's first byte in `bytes`. */
  readonly valueStart: number
  /** Of the value, in bytes; −1 is null. */
  readonly valueLength: number
  /** Of the idempotent producer that wrote the record, unique in the cluster; −1 where it was written in a transaction, or by none such. */
  readonly producerId: number
  /** Of the leader that has written the record into the log; −1 is not known. */
  readonly leaderEpoch: number
  /** Decoded on call. */
  headers(): RecordHeaders
}

/** What one fetch has brought of one partition: records, an error, or just a newer end of the log. */
export interface FetchedPartition {
  /** The topic's name. */
  readonly topic: string
  /** Counted from 0. */
  readonly partition: number
  /** Of this partition alone; never fails the whole poll. After `offsetOutOfRange` the partition waits for a new `assign`. */
  readonly error?: ClientError
  /** The offset after the last batch, so that control, aborted, compacted and empty batches are passed. */
  readonly nextOffset: number
  /** Of the leader that has written what is before `nextOffset`; −1 is not known. */
  readonly leaderEpoch: number
  /**
   * With an `offsetOutOfRange` error: the log ends here, or continues differently than it was read before. The brokers have lost
   * records, as by an unclean leader election (KIP-320).
   */
  readonly truncatedTo?: number
  /** High watermark, or last stable offset under `read_committed`. */
  readonly endOffset: number
  /** The first offset that the log still has; −1 where an `error` keeps it unknown. */
  readonly logStartOffset: number
  /** As fetched, still compressed: what it takes of `maxBufferedBytes`. */
  readonly sizeInBytes: number
  /** Committed data records from the assigned offset on; decompresses and decodes as it goes. Throws `ClientError('invalid')` for damaged batches. */
  records(): RecordCursor
  /**
   * Where there is one, its memory is used again: nothing refers to it any more, neither views of keys and values nor header values. Never
   * calling it is no leak.
   */
  release?(): void
}

/** How a fetcher reads. Sizes are bytes, times milliseconds. */
export interface FetcherConfig {
  /** `read_committed` ends at the last stable offset and gives no record of an aborted transaction */
  isolation: Isolation
  /** per fetch response; default 50 MiB */
  maxBytes?: number
  /** at most; default 1 MiB; a larger record still comes through */
  maxBytesPerPartition?: number
  /** default 1 */
  minBytes?: number
  /** how long the broker may hold an empty fetch; default 500 */
  maxWaitMs?: number
  /** from one request to a broker to the next where it has sent all that it had, so that each brings more; default 0 */
  minIntervalMs?: number
  /** fetched and not yet polled, above which fetching pauses; default 64 MiB */
  maxBufferedBytes?: number
  /** of a record batch when decompressed; a larger one is an error, so that a few bytes can't exhaust the memory; default 128 MiB */
  maxDecompressedBytes?: number
  /** how long a broker may take beyond `maxWaitMs`; default: the client's */
  requestTimeoutMs?: number
}

/** Reads assigned partitions, no group involved: the main consumer, restore, standby and global tables alike. */
export interface Fetcher {
  /**
   * Start at (or move to) an offset; drops what is buffered of that partition. `leaderEpoch`: of what was read before it, where that is known.
   * Then records that the brokers have lost since are noticed; else only those that are lost while it is assigned.
   */
  assign(topic: string, partition: number, offset: number, leaderEpoch?: number): void
  /** Ends the reading of a partition and drops what is buffered of it; without effect where it is not assigned. */
  unassign(topic: string, partition: number): void
  /** A paused partition is not returned by `poll`; what is buffered of it stays. */
  pause(topic: string, partition: number): void
  /** Ends a pause, and a waiting `poll` where something is buffered. */
  resume(topic: string, partition: number): void
  /** What is buffered, at once; else what arrives within `maxWaitMs`; else nothing. Prefetches while the caller works. */
  poll(maxWaitMs: number): Promise<FetchedPartition[]>
  /**
   * When a broker has last answered that there is nothing behind what `poll` has returned, by `performance.now()`; undefined while it
   * has not, or that is not known.
   */
  caughtUpAt(topic: string, partition: number): number | undefined
  /** Ends a waiting `poll` early. */
  wakeup(): void
  /** Ends a waiting `poll` and drops what is buffered; `assign` and `poll` then fail with `CLIENT_CLOSED`. */
  close(): Promise<void>
}
