import type { RecordHeaders } from '../../record/headers'
import type { TopicPartition } from '../../record/topic-partition'
import type { ClientError } from './client-error'
import type { CommittedOffset, GroupMetadata, Lease } from './group'

/** Of the batches that are produced. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/**
 * What a record's key or value is written from: bytes, or a text, which stands for its UTF-8 bytes and is written straight into the batch. It must
 * be well formed. `null` is no key, or a tombstone.
 */
export type Payload = Uint8Array | string | null

/** How a producer writes. Sizes are bytes, times milliseconds. */
export interface ProducerConfig {
  /** makes the producer transactional; default: it is idempotent only */
  transactionalId?: string
  /** after which the broker aborts an open transaction; default 10,000 */
  transactionTimeoutMs?: number
  /** of the batches; default none */
  compression?: Compression
  /** how long an open batch may wait for more, unless `idle` tells that nothing comes; default 100 (Kafka Streams' own) */
  lingerMs?: number
  /** default 16 KiB … the adapter may fill larger ones under load */
  batchBytes?: number
  /** appended and not yet acknowledged, above which `writable` is false; default 32 MiB */
  maxBufferedBytes?: number
  /** unacknowledged batches per partition; at most 5, the broker's memory of sequences; default 5 */
  maxInFlight?: number
  /** after which a batch that is not acknowledged fails the producer; default 120,000 */
  deliveryTimeoutMs?: number
  /** of a request, and so of a record; default 1 MiB */
  maxRequestBytes?: number
  /** how long a broker may take to answer; default: the client's */
  requestTimeoutMs?: number
  /**
   * Records are handed to the network only while this holds, which is asked right before each write to a socket, resent and queued requests
   * included. When it ends, the connections are reset, so that what the operating system still buffers is dropped; records wait and are sent once
   * it holds again. Default: none, always.
   */
  lease?: Lease
}

/** Told of one record that was appended with it: one of these is called, once, unless the producer is closed with `discard`. */
export interface DeliveryListener {
  /** The record is in the log, at this offset; −1 where the broker only knew that it already had it. */
  delivered(offset: number): void
  /** The record was not acknowledged, and is not sent again: it may be in the log. */
  failed(error: ClientError): void
  /**
   * The broker rejects only this record, because of its size or its contents. The record is dropped; the producer continues, and so does its
   * transaction. A `flush` in progress does not wait for records that are appended during this call. If the listener has no such method, the
   * rejected record fails the producer.
   */
  refused?(error: ClientError): void
}

/** A range of offsets in which the log of a partition has only acknowledged records of one producer. It may begin later than it could, never earlier. */
export interface AcknowledgedRun {
  /** The first offset of the range. */
  readonly first: number
  /** The offset of the producer's last acknowledged record. */
  readonly last: number
}

/** Idempotent always; transactional with a `transactionalId`. */
export interface Producer {
  /** InitProducerId. With a `transactionalId` it fences older epochs and ends their open transaction. */
  init(): Promise<void>
  /** Makes `partitionCount` of these topics known. Rejects with `unknownTopic`. */
  loadTopics(topics: readonly string[]): Promise<void>
  /** Of a topic that `loadTopics` has made known; else undefined. Without waiting. */
  partitionCount(topic: string): number | undefined
  /**
   * Copies the bytes into the partition's batch and returns: no promise per record. Order per partition is kept.
   * Throws `ClientError('invalid')` for a record above `maxRequestBytes`, and the stored failure once delivery has failed.
   * A `listener` is told what has become of this record; it is not called where this throws.
   */
  append(
    topic: string,
    partition: number,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
    listener?: DeliveryListener,
  ): void
  /**
   * The caller has nothing more to append for now. Open batches then need not wait `lingerMs` for more: they are sent at once, or soon where
   * this is called often, so that few small requests are made. Without effect in a transaction: nobody reads its records before it is committed.
   */
  idle(): void
  /** False above `maxBufferedBytes`: stop appending and await `drained()`. */
  readonly writable: boolean
  /** Resolves once there is room again; rejects with the stored failure. */
  drained(): Promise<void>
  /**
   * Resolves when everything appended before the call is acknowledged, with the last acknowledged offset of every
   * partition (by `tpKey`) that this producer wrote since its `init`; rejects with the first failure.
   * Later appends do not delay it and are not in its result.
   */
  flush(): Promise<ReadonlyMap<string, number>>
  /** By `tpKey`, for every partition with acknowledged records since `init`: the range up to the last of them in which no other producer has written. */
  acknowledged(): ReadonlyMap<string, AcknowledgedRun>
  /** Opens a transaction; the broker hears of it with the first batch. Throws `ILLEGAL_STATE` while one is open and without a `transactionalId`. */
  begin(): void
  /** TxnOffsetCommit with member and generation (KIP-447). */
  sendOffsets(offsets: ReadonlyArray<TopicPartition & CommittedOffset>, group: GroupMetadata): Promise<void>
  /** Flushes, then commits the transaction. After a `retriable` error the outcome is open: call it again. */
  commit(): Promise<void>
  /** Drops what is not sent and aborts the transaction; the producer can be used on, unless a newer one has fenced it. */
  abort(): Promise<void>
  /**
   * Drops what has not been flushed and aborts an open transaction. With `discard` nothing more is sent, no abort either, and the connections are
   * reset before the call returns: nothing written so far can reach a broker later than that.
   */
  close(options?: { discard?: boolean }): Promise<void>
}
