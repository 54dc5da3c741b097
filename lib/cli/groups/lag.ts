import { StreamsError } from '../../errors'
import { nearestName } from '../../nearest-name'
import type { Admin, GroupDescription } from '../../kafka/port'
import { tpKey } from '../../record/topic-partition'
import { inOrder, partitionOf, partitionsOf } from './partitions'

/** How far a group has come in a partition. */
export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** The offset of the next record to process; `null` where the group has committed none. */
  readonly committed: number | null
  readonly end: number
  /** Records between the two. Without a committed offset: all that the partition has. */
  readonly lag: number
  /** The member that has the partition; `null` where none has. */
  readonly member: string | null
}

export interface GroupLag {
  readonly group: GroupDescription
  readonly partitions: readonly PartitionLag[]
}

/** Of every topic that the group has committed offsets in, or that its members read. Rejects where there is no such group. */
export const groupLag = async (admin: Admin, groupId: string): Promise<GroupLag> => {
  const [group, committed] = await Promise.all([admin.describeGroup(groupId), admin.groupOffsets(groupId)])
  if (group.state === 'Dead' && committed.size === 0) throw await noSuchGroup(admin, groupId)
  const owners = new Map<string, string>()
  const topics = new Set([...committed.keys()].map((key) => partitionOf(key).topic))
  for (const { memberId, assignment } of group.members) {
    for (const { topic, partition } of assignment.partitions) {
      topics.add(topic)
      owners.set(tpKey(topic, partition), memberId)
    }
  }
  const { partitions } = await partitionsOf(admin, topics)
  const [starts, ends] = await Promise.all([
    admin.listOffsets(partitions.map((at) => ({ ...at, at: 'earliest' as const }))),
    admin.listOffsets(partitions.map((at) => ({ ...at, at: 'latest' as const }))),
  ])
  const lags = partitions.map(({ topic, partition }): PartitionLag => {
    const key = tpKey(topic, partition)
    const offset = committed.get(key)?.offset ?? null
    const end = ends.get(key)!
    const lag = Math.max(0, end - Math.max(offset ?? 0, starts.get(key)!))
    return { topic, partition, committed: offset, end, lag, member: owners.get(key) ?? null }
  })
  return { group, partitions: inOrder(lags) }
}

export const totalLag = (partitions: readonly PartitionLag[]): number =>
  partitions.reduce((total, { lag }) => total + lag, 0)

export const noSuchGroup = async (admin: Admin, groupId: string): Promise<StreamsError> => {
  const names = (await admin.listGroups()).map((group) => group.groupId)
  const near = nearestName(groupId, names)
  const hint = near === undefined ? "'millrace groups list' lists those that there are" : `did you mean '${near}'?`
  return new StreamsError('INVALID_ARGUMENT', `there is no group '${groupId}': ${hint}`)
}
