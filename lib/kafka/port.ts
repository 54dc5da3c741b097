import type { Logger } from '../observe/logger'
import type { RecordHeaders } from '../record/headers'
import type { TopicPartition } from '../record/topic-partition'

/*
 * The only Kafka surface that the runtime sees. Offsets and timestamps are JavaScript numbers (exact to 2^53).
 *
 * Two adapters implement it, `kafkajs/` and `memory/`; one contract suite, `kafkaClientContract`, runs against both.
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
export type AclOperation = 'Read' | 'Write' | 'Describe' | 'Create' | 'Delete'

/** What a client throws and rejects with, and reports of partitions, topics and memberships: `kind` decides what the runtime does, `code` what it tells. */
export class ClientError extends Error {
  /** Always `ClientError`. */
  override readonly name = 'ClientError'
  /** Of an `authorization` failure, where it is known: what has to be allowed on the topic of `partition`. */
  readonly operation?: AclOperation
  /** What to check, where that is known; the message ends with it. */
  readonly nextStep?: string
  constructor(
    /** what the runtime can do about it */
    readonly kind: ClientErrorKind,
    message: string,
    /** the broker's error name, such as `NOT_LEADER_OR_FOLLOWER` */
    readonly code?: string,
    /** with the offset where it is known */
    readonly partition?: TopicPartition & { readonly offset?: number },
    {
      operation,
      nextStep,
      ...options
    }: { cause?: unknown; operation?: AclOperation | undefined; nextStep?: string | undefined } = {},
  ) {
    super(nextStep === undefined ? message : `${message}; ${nextStep}`, options)
    if (operation !== undefined) this.operation = operation
    if (nextStep !== undefined) this.nextStep = nextStep
  }
}

// ------------------------------------------------------------------------------------------ fetching

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

// ------------------------------------------------------------------------------------------ group membership

/** Who a member is, in the generation it belongs to: the coordinator refuses commits of any other. */
export interface GroupMetadata {
  /** The group's name, which is the `applicationId`. */
  readonly groupId: string
  /** Given by the coordinator; empty before the first join. */
  readonly memberId: string
  /** Of the last generation joined, also after it was lost; −1 before the first. */
  readonly generationId: number
  /** Of a static member; `null` for a dynamic one. */
  readonly groupInstanceId: string | null
}

/** What the leader gives to one member. */
export interface Assignment {
  /** What the member reads until the next assignment. */
  partitions: TopicPartition[]
  /** What else the leader tells the member: opaque to the client. */
  userData: Buffer
}

/** A member as the leader sees it. */
export interface GroupMember {
  /** Given by the coordinator. */
  memberId: string
  /** Of a static member; `null` for a dynamic one. */
  groupInstanceId: string | null
  /** What its `subscription()` named. */
  topics: string[]
  /** What its `subscription()` told: opaque to the client. */
  userData: Buffer
}

/** How a member takes part in its group. Times are milliseconds. */
export interface GroupConfig {
  /** The group's name. */
  groupId: string
  /** static membership (KIP-345) */
  groupInstanceId?: string
  /** the assignor's name in JoinGroup */
  protocol: string
  /** a member that the coordinator has not heard of for so long is removed */
  sessionTimeoutMs: number
  /** between two heartbeats */
  heartbeatIntervalMs: number
  /** how long a rebalance waits for a member to rejoin */
  rebalanceTimeoutMs: number
}

/** What a membership asks and tells its owner. An error thrown by any but `failed` ends the membership, and `failed` is told. */
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

/** How far a group has come in a partition. */
export interface CommittedOffset {
  /** Of the next record to process. */
  offset: number
  /** Of the leader that has written the record there, or before; absent where it is not known. */
  leaderEpoch?: number
  /** Text that is kept with the offset; empty where there is none. */
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

/** One member of a consumer group. It owns nothing before `join`, and nothing after `leave`. */
export interface GroupMembership {
  /** For the producers that write what this member processes. */
  readonly lease: Lease
  /**
   * Resolves after the first assignment was accepted; rejects with what `failed` is told, or when the member leaves first.
   * Heartbeats run by timer, never by polling.
   */
  join(): Promise<void>
  /** Of the last generation joined. */
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

// ------------------------------------------------------------------------------------------ admin

/** What is known of a topic. */
export interface TopicMetadata {
  /** The topic's name. */
  topic: string
  /** How many it has; 0 with an `error`. */
  partitions: number
  /** Why it can't be described. */
  error?: ClientError
}

/** A topic to create. */
export interface TopicSpec {
  /** The topic's name. */
  topic: string
  /** How many it gets. */
  partitions: number
  /** default: the broker's */
  replicationFactor?: number
  /** Kafka's topic configs, such as `{ 'cleanup.policy': 'compact' }`; default: the broker's. */
  configs?: Record<string, string>
}

/** A consumer group in a list. */
export interface GroupListing {
  /** The group's name; of a Kafka Streams application its `applicationId`. */
  groupId: string
  /** `consumer`, but for groups such as Kafka Connect's; empty where the group only has offsets. */
  protocolType: string
  /** Kafka's name of it: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable` or `Dead`. */
  state: string
}

/** What is known of a consumer group. */
export interface GroupDescription extends GroupListing {
  /** The name of the assignor; empty where it has no members. */
  protocol: string
  /** The live ones. */
  members: MemberDescription[]
}

/** A member as an admin sees it. */
export interface MemberDescription {
  /** Given by the coordinator. */
  memberId: string
  /** Of a static member; `null` for a dynamic one. */
  groupInstanceId: string | null
  /** What the member's client calls itself; empty where the adapter has no such names. */
  clientId: string
  /** Where it connects from; empty where the adapter has no network. */
  host: string
  /** What the leader gave it; nothing during a rebalance. */
  assignment: Assignment
}

/** Looks up and changes topics, offsets and groups. Calls repeat what is `retriable` by themselves; once closed, every call rejects with `CLIENT_CLOSED`. */
export interface Admin {
  /** One entry a name; a missing topic has `error.kind === 'unknownTopic'` and 0 partitions. */
  topics(names: readonly string[]): Promise<TopicMetadata[]>
  /** Every topic of the cluster, except the broker's internal ones. */
  listTopics(): Promise<string[]>
  /** Each with its own outcome, by name: one that can't be created does not fail the others. */
  createTopics(specs: readonly TopicSpec[]): Promise<Map<string, 'created' | 'exists' | ClientError>>
  /** Rejects with `unknownTopic` for one that does not exist. */
  deleteTopics(topics: readonly string[]): Promise<void>
  /** Every config of the topic by name, defaults included. Rejects with `unknownTopic`. */
  topicConfigs(topic: string): Promise<Map<string, { value: string | null; isDefault: boolean }>>
  /** Incremental: `null` goes back to the default. */
  alterTopicConfigs(topic: string, set: Record<string, string | null>): Promise<void>
  /** `at` a timestamp: the first offset at or after it, or the end. Keyed by `tpKey`. `isolation` says which end is meant; default `read_uncommitted`. */
  listOffsets(
    at: ReadonlyArray<TopicPartition & { at: 'earliest' | 'latest' | number }>,
    isolation?: Isolation,
  ): Promise<Map<string, number>>
  /** Of each partition those before the offset. Rejects with `offsetOutOfRange` beyond the end. */
  deleteRecords(before: ReadonlyArray<TopicPartition & { offset: number }>): Promise<void>
  /** Committed offsets of a group, keyed by `tpKey`. */
  groupOffsets(groupId: string): Promise<Map<string, CommittedOffset>>
  /** How many live members the group has; 0 where there is no such group. */
  groupMembers(groupId: string): Promise<number>
  /** Every group of the cluster, by name. */
  listGroups(): Promise<GroupListing[]>
  /** One that does not exist is `Dead`, without members. */
  describeGroup(groupId: string): Promise<GroupDescription>
  /** Sets committed offsets; others stay, and a group that does not exist is created. Rejects where it has live members. */
  alterGroupOffsets(groupId: string, offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void>
  /** Rejects for a group that does not exist, and where live members subscribe to one of the topics. A partition without an offset is no error. */
  deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void>
  /** With its offsets. Rejects for a group that does not exist or has live members. */
  deleteGroup(groupId: string): Promise<void>
  /** Ends what is under way. */
  close(): Promise<void>
}

/**
 * One application's access to Kafka. Nothing that it makes waits for another part of it (a request that the broker holds back blocks its connection), and it
 * connects when something is first sent. Failures are `ClientError`s. `kafkaClientContract` of `millrace/testing/contracts` tests what the runtime relies on.
 */
export interface KafkaClient {
  /** Reads partitions. */
  fetcher(config: FetcherConfig): Fetcher
  /** A member that has not joined yet. */
  group(config: GroupConfig, listener: GroupListener): GroupMembership
  /** Writes; to be used after `init()`. */
  producer(config: ProducerConfig): Producer
  /** Looks things up and changes them. */
  admin(): Admin
  /** Closes whatever it has made and is still open; after that it makes nothing more. */
  close(): Promise<void>
}

/** What an application tells the client that is made for it. */
export interface KafkaClientOptions {
  /** Names the application in the broker's logs and quotas. */
  readonly clientId: string
  /** The application's own. */
  readonly logger: Logger
}

/**
 * Makes the client of an application: `kafka` of `StreamsConfig`, for a client of your own.
 *
 * @example
 * const config: StreamsConfig = { applicationId: 'orders', kafka: { client: () => kafka.client() } }
 */
export interface KafkaClientFactory {
  /** Called at every start, for a client that the application closes. Connects to nothing yet. */
  client(options: KafkaClientOptions): KafkaClient
}
