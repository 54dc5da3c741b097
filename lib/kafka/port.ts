import type { RecordHeaders } from '../record/headers'
import type { TopicPartition } from '../record/topic-partition'

/*
 * The only Kafka surface that the runtime sees. Offsets and timestamps are JavaScript numbers (exact to 2^53).
 *
 * Two adapters implement it, `kafkajs/` and `memory/`; one contract suite (`spec/contract/kafka`) runs against both.
 */

/** Whether records of transactions are read before they are committed, and those of aborted ones. */
export type Isolation = 'read_committed' | 'read_uncommitted'
/** What the runtime can do about a failure; `code` has the broker's own word for it. */
export type ClientErrorKind =
  /** network, leader moved, coordinator loading: the client has already retried, the caller may again */
  | 'retriable'
  /** REBALANCE_IN_PROGRESS: the commit can still succeed after the rejoin */
  | 'rebalance'
  /** a newer producer epoch or group generation exists: close the tasks dirty and rejoin */
  | 'fenced'
  /** this transaction must be aborted, the producer lives on */
  | 'abortable'
  | 'offsetOutOfRange'
  | 'unknownTopic'
  /** the offset belongs to a transaction still open (KIP-447): ask again soon */
  | 'unstableOffset'
  /** authentication or authorization */
  | 'authorization'
  /** the record or request itself is at fault: too large, corrupt, invalid */
  | 'invalid'
  | 'fatal'

/** What an ACL of the broker allows or denies. */
export type AclOperation = 'Read' | 'Write' | 'Describe' | 'Create'

export class ClientError extends Error {
  override readonly name = 'ClientError'
  /** Of an `authorization` failure, where it is known: what has to be allowed on the topic of `partition`. */
  readonly operation?: AclOperation
  constructor(
    readonly kind: ClientErrorKind,
    message: string,
    /** the broker's error name, such as `NOT_LEADER_OR_FOLLOWER` */
    readonly code?: string,
    /** with the offset where it is known */
    readonly partition?: TopicPartition & { readonly offset?: number },
    { operation, ...options }: { cause?: unknown; operation?: AclOperation | undefined } = {},
  ) {
    super(message, options)
    if (operation !== undefined) this.operation = operation
  }
}

// ------------------------------------------------------------------------------------------ fetching

/** A flyweight: its getters hold until the next `advance()`. `key` and `value` are views of the fetch buffer: copy what outlives the batch. */
export interface RecordCursor {
  advance(): boolean
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Where key and value lie, for readers that need no views of them. A length of −1 is null. */
  readonly bytes: Buffer
  readonly keyStart: number
  readonly keyLength: number
  readonly valueStart: number
  readonly valueLength: number
  /** Decoded on call. */
  headers(): RecordHeaders
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  /** Of this partition alone; never fails the whole poll. After `offsetOutOfRange` the partition waits for a new `assign`. */
  readonly error?: ClientError
  /** The offset after the last batch, so that control, aborted, compacted and empty batches are passed. */
  readonly nextOffset: number
  /** High watermark, or last stable offset under `read_committed`. */
  readonly endOffset: number
  readonly logStartOffset: number
  readonly sizeInBytes: number
  /** Committed data records from the assigned offset on; decompresses and decodes as it goes. Throws `ClientError('invalid')` for damaged batches. */
  records(): RecordCursor
}

export interface FetcherConfig {
  isolation: Isolation
  /** per fetch response; default 50 MiB */
  maxBytes?: number
  /** default 1 MiB; a larger record still comes through */
  maxBytesPerPartition?: number
  /** default 1 */
  minBytes?: number
  /** how long the broker may hold an empty fetch; default 500 */
  maxWaitMs?: number
  /** fetched and not yet polled, above which fetching pauses; default 64 MiB */
  maxBufferedBytes?: number
  /** of a record batch when decompressed; a larger one is an error, so that a few bytes can't exhaust the memory; default 128 MiB */
  maxDecompressedBytes?: number
  /** how long a broker may take beyond `maxWaitMs`; default: the client's */
  requestTimeoutMs?: number
}

/** Reads assigned partitions, no group involved: the main consumer, restore, standby and global tables alike. */
export interface Fetcher {
  /** Start at (or move to) an offset; drops what is buffered of that partition. */
  assign(topic: string, partition: number, offset: number): void
  unassign(topic: string, partition: number): void
  /** A paused partition is not returned by `poll`; what is buffered of it stays. */
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /** What is buffered, at once; else what arrives within `maxWaitMs`; else nothing. Prefetches while the caller works. */
  poll(maxWaitMs: number): Promise<FetchedPartition[]>
  /** Ends a waiting `poll` early. */
  wakeup(): void
  close(): Promise<void>
}

// ------------------------------------------------------------------------------------------ group membership

export interface GroupMetadata {
  readonly groupId: string
  readonly memberId: string
  readonly generationId: number
  readonly groupInstanceId: string | null
}

export interface Assignment {
  partitions: TopicPartition[]
  userData: Buffer
}

export interface GroupMember {
  memberId: string
  groupInstanceId: string | null
  topics: string[]
  userData: Buffer
}

export interface GroupConfig {
  groupId: string
  /** static membership (KIP-345) */
  groupInstanceId?: string
  /** the assignor's name in JoinGroup */
  protocol: string
  sessionTimeoutMs: number
  heartbeatIntervalMs: number
  rebalanceTimeoutMs: number
}

export interface GroupListener {
  /** Asked before every JoinGroup. */
  subscription(): { topics: string[]; userData: Buffer }
  /** On the leader only: the key is the member id. */
  assign(members: GroupMember[]): Promise<Map<string, Assignment>>
  /** Awaited before a rejoin: the old generation can still commit. */
  beforeRejoin(current: GroupMetadata): Promise<void>
  /** `rejoin` starts the second phase of a cooperative hand-over at once. */
  assigned(assignment: Assignment, now: GroupMetadata): Promise<'stable' | 'rejoin'>
  /**
   * Kicked out: nothing can be committed any more; the membership joins again by itself, once this has resolved. By then the producers that wrote
   * for the lost partitions must be closed with `discard`: with the next generation the lease holds again.
   */
  lost(cause: ClientError): Promise<void>
  /** Fatal: the membership has ended. */
  failed(cause: Error): void
}

export interface CommittedOffset {
  offset: number
  metadata: string
}

/**
 * A member's right to write on behalf of its partitions. While it holds, the coordinator can't have given them to another member. It ends when no
 * heartbeat was answered for the session timeout, and at once when the membership is lost or left.
 */
export interface Lease {
  /** When the last request was sent that the coordinator has answered, by `performance.now()`; `-Infinity` before the first. */
  readonly answeredAt: number
  /** At the moment of the call, also when the process was stopped just before it. */
  holds(): boolean
  /**
   * Tells when the lease has ended, and when it holds again: an answer in the same generation proves that nothing was given away. After `lost` it
   * holds again only with the next generation. Returns the function that ends the subscription.
   */
  subscribe(listener: (held: boolean) => void): () => void
}

export interface GroupMembership {
  /** For the producers that write what this member processes. */
  readonly lease: Lease
  /**
   * Resolves after the first assignment was accepted; rejects with what `failed` is told, or when the member leaves first.
   * Heartbeats run by timer, never by polling.
   */
  join(): Promise<void>
  metadata(): GroupMetadata
  /** New topics or partitions, a follow-up or probing rebalance. */
  requestRejoin(reason: string): void
  /** With `require_stable`. A partition without a committed offset is absent. Keyed by `tpKey`. */
  committed(partitions: readonly TopicPartition[]): Promise<Map<string, CommittedOffset>>
  /** Carries member and generation. */
  commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void>
  /** Stops heartbeats and leaves; a static member stays in the group unless `force`. */
  leave(options?: { force?: boolean }): Promise<void>
}

// ------------------------------------------------------------------------------------------ producing

/** Of the batches that are produced. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface ProducerConfig {
  transactionalId?: string
  /** default 10,000 */
  transactionTimeoutMs?: number
  /** default none */
  compression?: Compression
  /** how long an open batch may wait for more; default 100 (Kafka Streams' own) */
  lingerMs?: number
  /** default 16 KiB … the adapter may fill larger ones under load */
  batchBytes?: number
  /** default 32 MiB */
  maxBufferedBytes?: number
  /** unacknowledged batches per partition; at most 5, the broker's memory of sequences */
  maxInFlight?: number
  /** default 120,000 */
  deliveryTimeoutMs?: number
  /** default 1 MiB */
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

/** Idempotent always; transactional with a `transactionalId`. */
export interface Producer {
  /** InitProducerId. With a `transactionalId` it fences older epochs and ends their open transaction. */
  init(): Promise<void>
  /** Makes `partitionCount` of these topics known. Rejects with `unknownTopic`. */
  loadTopics(topics: readonly string[]): Promise<void>
  partitionCount(topic: string): number | undefined
  /**
   * Copies the bytes into the partition's batch and returns: no promise per record. Order per partition is kept.
   * Throws `ClientError('invalid')` for a record above `maxRequestBytes`, and the stored failure once delivery has failed.
   */
  append(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: RecordHeaders,
  ): void
  /** False above `maxBufferedBytes`: stop appending and await `drained()`. */
  readonly writable: boolean
  drained(): Promise<void>
  /**
   * Resolves when everything appended before the call is acknowledged, with the last acknowledged offset of every
   * partition (by `tpKey`) that this producer wrote since its `init`; rejects with the first failure.
   * Later appends do not delay it and are not in its result.
   */
  flush(): Promise<ReadonlyMap<string, number>>
  /** What `flush` would resolve with if nothing were under way: the last acknowledged offsets, by `tpKey`. */
  acknowledged(): ReadonlyMap<string, number>
  /** Opens a transaction; the broker hears of it with the first batch. */
  begin(): void
  /** TxnOffsetCommit with member and generation (KIP-447). */
  sendOffsets(offsets: ReadonlyArray<TopicPartition & CommittedOffset>, group: GroupMetadata): Promise<void>
  /** Flushes first. */
  commit(): Promise<void>
  abort(): Promise<void>
  /**
   * Drops what has not been flushed and aborts an open transaction. With `discard` nothing more is sent, no abort either, and the connections are
   * reset before the call returns: nothing written so far can reach a broker later than that.
   */
  close(options?: { discard?: boolean }): Promise<void>
}

// ------------------------------------------------------------------------------------------ admin

export interface TopicMetadata {
  topic: string
  partitions: number
  error?: ClientError
}

export interface TopicSpec {
  topic: string
  partitions: number
  /** default: the broker's */
  replicationFactor?: number
  configs?: Record<string, string>
}

export interface Admin {
  /** One entry a name; a missing topic has `error.kind === 'unknownTopic'` and 0 partitions. */
  topics(names: readonly string[]): Promise<TopicMetadata[]>
  /** Every topic of the cluster, except the broker's internal ones. */
  listTopics(): Promise<string[]>
  createTopics(specs: readonly TopicSpec[]): Promise<Map<string, 'created' | 'exists' | ClientError>>
  deleteTopics(topics: readonly string[]): Promise<void>
  topicConfigs(topic: string): Promise<Map<string, { value: string | null; isDefault: boolean }>>
  /** Incremental: `null` goes back to the default. */
  alterTopicConfigs(topic: string, set: Record<string, string | null>): Promise<void>
  /** `at` a timestamp: the first offset at or after it, or the end. Keyed by `tpKey`. */
  listOffsets(
    at: ReadonlyArray<TopicPartition & { at: 'earliest' | 'latest' | number }>,
    isolation?: Isolation,
  ): Promise<Map<string, number>>
  deleteRecords(before: ReadonlyArray<TopicPartition & { offset: number }>): Promise<void>
  /** Committed offsets of a group, keyed by `tpKey`. */
  groupOffsets(groupId: string): Promise<Map<string, CommittedOffset>>
  /** Whether the group has live members. */
  groupMembers(groupId: string): Promise<number>
  deleteGroup(groupId: string): Promise<void>
  close(): Promise<void>
}

export interface KafkaClient {
  fetcher(config: FetcherConfig): Fetcher
  group(config: GroupConfig, listener: GroupListener): GroupMembership
  producer(config: ProducerConfig): Producer
  admin(): Admin
  close(): Promise<void>
}
