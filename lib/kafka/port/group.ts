import type { TopicPartition } from '../../record/topic-partition'
import type { ClientError } from './client-error'

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
