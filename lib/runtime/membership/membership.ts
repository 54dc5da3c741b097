import type { ClusterHosts } from '../../assignment/cluster-hosts'
import type { CommittedOffset, GroupMetadata, Lease } from '../../kafka/port'
import type { TaskId } from '../../record/task-id'
import type { TopicPartition } from '../../record/topic-partition'

/** A member's assignment. */
export interface TaskAssignment {
  /** The group's generation, which increases with every rebalance. */
  readonly generation: number
  /** Tasks to run, each with its inputs. */
  readonly active: ReadonlyMap<TaskId, readonly TopicPartition[]>
  /** Tasks whose state to follow, so that they can start here at once. */
  readonly standby: readonly TaskId[]
  /** Tasks that move here when their state has caught up. */
  readonly warmup: readonly TaskId[]
  /** Source topics that do not exist; then no member has tasks. */
  readonly missingTopics: readonly string[]
  /** Which instance has which partition, as of this generation. */
  readonly hosts: ClusterHosts
  /** Some tasks are being handed over: another rebalance follows. */
  readonly followUp: boolean
}

/** What a member reports to the group about its tasks. */
export interface TaskOwnership {
  readonly owned: readonly TaskId[]
  /** How up to date its state of each task is, open or on disk. */
  readonly offsetSums: ReadonlyMap<TaskId, number>
}

/** News of the membership, for the executor whose tasks it is about. */
export interface MembershipListener {
  /** Called before every join. */
  ownership(): TaskOwnership
  /** Awaited before a join: the old generation can still commit. */
  beforeRejoin(): Promise<void>
  /** Resolves when tasks that are no longer assigned are released to others. */
  assigned(assignment: TaskAssignment): Promise<void>
  /** Nothing can be committed any longer; the member rejoins when this resolves. */
  lost(cause: Error): Promise<void>
  /** The membership has ended. */
  ended(cause: Error): void
}

/** A member of the application's group, in terms of tasks: how they are assigned is up to the protocol. */
export interface Membership {
  /** For the producers that write this member's outputs. */
  readonly lease: Lease
  /** Resolves after the first assignment. */
  join(): Promise<void>
  /** Requests a new assignment: topics have changed, or tasks have failed. */
  requestRejoin(reason: string): void
  /** For transactions. */
  metadata(): GroupMetadata
  /** By `tpKey`; a partition without a committed offset is absent. */
  committed(partitions: readonly TopicPartition[]): Promise<Map<string, CommittedOffset>>
  commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void>
  /** A static member stays in the group unless `force`. */
  leave(options: { readonly force: boolean }): Promise<void>
}
