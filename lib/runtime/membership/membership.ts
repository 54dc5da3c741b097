import type { CommittedOffset, GroupMetadata, Lease } from '../../kafka/port'
import type { TaskId } from '../../record/task-id'
import type { TopicPartition } from '../../record/topic-partition'

/** What a member shall do from now on. */
export interface TaskAssignment {
  /** The group's generation, which grows with every rebalance. */
  readonly generation: number
  /** Tasks to run, each with its inputs. */
  readonly active: ReadonlyMap<TaskId, readonly TopicPartition[]>
  /** Tasks whose state to follow, so that they can start here at once. */
  readonly standby: readonly TaskId[]
  /** Tasks that move here when their state has caught up. */
  readonly warmup: readonly TaskId[]
  /** Source topics that do not exist; then nobody has tasks. */
  readonly missingTopics: readonly string[]
}

/** What a member tells the group of its tasks. */
export interface TaskOwnership {
  readonly owned: readonly TaskId[]
  /** How far its state of each task is, open or on disk. */
  readonly offsetSums: ReadonlyMap<TaskId, number>
}

/** News of the membership, for the executor whose tasks it is about. */
export interface MembershipListener {
  /** Asked before every join. */
  ownership(): TaskOwnership
  /** Awaited before a join: the old generation can still commit. */
  beforeRejoin(): Promise<void>
  /** Resolves when tasks that are not assigned any more are released to others. */
  assigned(assignment: TaskAssignment): Promise<void>
  /** Nothing can be committed any more; the member joins again when this resolves. */
  lost(cause: Error): Promise<void>
  /** The membership has ended. */
  ended(cause: Error): void
}

/** A member of the application's group, in terms of tasks: how they are assigned is the protocol's business. */
export interface Membership {
  /** For the producers that write what this member processes. */
  readonly lease: Lease
  /** Resolves after the first assignment. */
  join(): Promise<void>
  /** Has the tasks assigned again: topics have changed, or tasks have failed. */
  requestRejoin(reason: string): void
  /** For transactions. */
  metadata(): GroupMetadata
  /** By `tpKey`; a partition without a committed offset is absent. */
  committed(partitions: readonly TopicPartition[]): Promise<Map<string, CommittedOffset>>
  commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void>
  /** A static member stays in the group unless `force`. */
  leave(options: { readonly force: boolean }): Promise<void>
}
