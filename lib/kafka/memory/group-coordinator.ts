import type { Assignment, CommittedOffset, GroupDescription, GroupMetadata } from '../port'
import { brokerError, unknownPartition } from './broker-error'
import { ConsumerGroup } from './consumer-group'
import type { JoinRequest, JoinResponse, SyncRequest } from './group-protocol'
import { tpKey, type TopicPartition } from '../../record/topic-partition'

type Offsets = ReadonlyArray<TopicPartition & CommittedOffset>

/** Every group of the cluster: membership, and committed and pending offsets. */
export class GroupCoordinator {
  private readonly groups = new Map<string, ConsumerGroup>()

  constructor(private readonly partitionExists: (topic: string, partition: number) => boolean) {}

  allocateMemberId(groupId: string): string {
    return this.getOrCreate(groupId).allocateMemberId(groupId)
  }

  join(groupId: string, request: JoinRequest): Promise<JoinResponse> {
    return this.getOrCreate(groupId).join(request)
  }

  sync(request: SyncRequest): Promise<Assignment> {
    return this.require(request.groupId, request.memberId).sync(request)
  }

  /** Throws what the member has to know: REBALANCE_IN_PROGRESS, ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID. */
  heartbeat(member: GroupMetadata): void {
    this.require(member.groupId, member.memberId).heartbeat(member)
  }

  leave(member: GroupMetadata): void {
    this.groups.get(member.groupId)?.leave(member.memberId, member.groupInstanceId)
  }

  commit(member: GroupMetadata, offsets: Offsets): void {
    const group = this.forCommit(member)
    group.validateCommit(member)
    this.requirePartitions(offsets)
    for (const committed of offsets) group.offsets.set(tpKey(committed.topic, committed.partition), committed)
  }

  addPendingOffsets(producerId: number, member: GroupMetadata, offsets: Offsets): void {
    const group = this.forCommit(member)
    group.validateTransactionalCommit(member)
    this.requirePartitions(offsets)
    let pending = group.pendingOffsets.get(producerId)
    if (!pending) group.pendingOffsets.set(producerId, (pending = new Map()))
    for (const committed of offsets) pending.set(tpKey(committed.topic, committed.partition), committed)
  }

  endTransaction(groupId: string, producerId: number, result: 'commit' | 'abort'): void {
    const group = this.groups.get(groupId)
    const pending = group?.pendingOffsets.get(producerId)
    if (!group || !pending) return
    group.pendingOffsets.delete(producerId)
    if (result === 'commit') for (const [key, offset] of pending) group.offsets.set(key, offset)
  }

  /** OffsetFetch with `require_stable`. */
  stableOffsets(groupId: string, partitions: readonly TopicPartition[]): Map<string, CommittedOffset> {
    const found = new Map<string, CommittedOffset>()
    const group = this.groups.get(groupId)
    if (!group) return found
    for (const { topic, partition } of partitions) {
      const key = tpKey(topic, partition)
      for (const pending of group.pendingOffsets.values()) {
        if (pending.has(key)) {
          throw brokerError(
            'UNSTABLE_OFFSET_COMMIT',
            `The offset of ${key} in group ${groupId} belongs to a transaction that is still open`,
            { topic, partition },
          )
        }
      }
      const committed = group.offsets.get(key)
      if (committed) found.set(key, committedOffset(committed))
    }
    return found
  }

  offsets(groupId: string): Map<string, CommittedOffset> {
    const found = new Map<string, CommittedOffset>()
    const offsets = this.groups.get(groupId)?.offsets ?? []
    for (const [key, committed] of offsets) found.set(key, committedOffset(committed))
    return found
  }

  memberCount(groupId: string): number {
    return this.groups.get(groupId)?.memberCount ?? 0
  }

  list(): GroupDescription[] {
    return [...this.groups.keys()].sort().map((groupId) => this.describe(groupId))
  }

  describe(groupId: string): GroupDescription {
    const none = { state: 'Dead', protocolType: '', protocol: '', members: [] }
    return { groupId, ...(this.groups.get(groupId)?.describe() ?? none) }
  }

  deleteOffsets(groupId: string, partitions: readonly TopicPartition[]): void {
    const group = this.existing(groupId)
    for (const { topic, partition } of partitions) {
      if (!this.partitionExists(topic, partition)) throw unknownPartition(topic, partition)
      if (group.subscribes(topic)) {
        throw brokerError(
          'GROUP_SUBSCRIBED_TO_TOPIC',
          `Group ${groupId} has live members that subscribe to ${topic}; stop them first`,
          { topic, partition },
        )
      }
    }
    for (const { topic, partition } of partitions) group.offsets.delete(tpKey(topic, partition))
  }

  delete(groupId: string): void {
    const group = this.existing(groupId)
    if (group.memberCount > 0) {
      throw brokerError('NON_EMPTY_GROUP', `Group ${groupId} has ${group.memberCount} live members; stop them first`)
    }
    this.groups.delete(groupId)
  }

  /** With a topic go its committed offsets. */
  forgetTopic(topic: string): void {
    for (const group of this.groups.values()) {
      for (const offsets of [group.offsets, ...group.pendingOffsets.values()]) {
        for (const [key, offset] of offsets) if (offset.topic === topic) offsets.delete(key)
      }
    }
  }

  close(): void {
    for (const group of this.groups.values()) group.close()
    this.groups.clear()
  }

  private getOrCreate(groupId: string): ConsumerGroup {
    let group = this.groups.get(groupId)
    if (!group) this.groups.set(groupId, (group = new ConsumerGroup(groupId)))
    return group
  }

  /** Who commits without being a member may found the group. */
  private forCommit(member: GroupMetadata): ConsumerGroup {
    return member.generationId < 0 ? this.getOrCreate(member.groupId) : this.require(member.groupId, member.memberId)
  }

  private existing(groupId: string): ConsumerGroup {
    const group = this.groups.get(groupId)
    if (!group) throw brokerError('GROUP_ID_NOT_FOUND', `There is no group ${groupId}`)
    return group
  }

  private require(groupId: string, memberId: string): ConsumerGroup {
    const group = this.groups.get(groupId)
    if (!group) throw unknownMember(groupId, memberId)
    return group
  }

  private requirePartitions(offsets: Offsets): void {
    for (const { topic, partition } of offsets) {
      if (!this.partitionExists(topic, partition)) throw unknownPartition(topic, partition)
    }
  }
}

const unknownMember = (groupId: string, memberId: string): Error =>
  brokerError('UNKNOWN_MEMBER_ID', `Group ${groupId} has no member "${memberId}"`)

const committedOffset = ({
  topic: _,
  partition: __,
  ...committed
}: TopicPartition & CommittedOffset): CommittedOffset => committed
