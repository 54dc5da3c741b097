import type { CommittedOffset, GroupMetadata } from '../../port'
import { flex, rigid, type Frame, throttledErrorCode } from '../protocol/frame'
import { groupByTopic, notePartitionError, type PartitionErrors } from '../protocol/partitions'
import type { TopicPartition } from '../../../record/topic-partition'

const PROTOCOL_TYPE = 'consumer'

export interface JoinGroupArguments {
  groupId: string
  groupInstanceId: string | null
  memberId: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocol: string
  subscription: Buffer
}

export interface JoinGroupResult {
  errorCode: number
  generationId: number
  leaderId: string
  /** Also set with MEMBER_ID_REQUIRED: the id to join with (KIP-394). */
  memberId: string
  members: Array<{ memberId: string; groupInstanceId: string | null; subscription: Buffer }>
}

/** v5: the first with a group instance id. */
export const joinGroup = (join: JoinGroupArguments): Frame<JoinGroupResult> =>
  rigid(
    { key: 11, version: 5, name: 'JoinGroup' },
    (writer) => {
      writer.string(join.groupId).int32(join.sessionTimeoutMs).int32(join.rebalanceTimeoutMs)
      writer.string(join.memberId).string(join.groupInstanceId).string(PROTOCOL_TYPE)
      writer.array([join.protocol], (name) => writer.string(name).bytes(join.subscription))
    },
    (reader) => {
      reader.int32()
      const errorCode = reader.int16()
      const generationId = reader.int32()
      reader.nullableString()
      return {
        errorCode,
        generationId,
        leaderId: reader.string(),
        memberId: reader.string(),
        members: reader.array(() => ({
          memberId: reader.string(),
          groupInstanceId: reader.nullableString(),
          subscription: reader.nullableBytes() ?? Buffer.alloc(0),
        })),
      }
    },
  )

export interface SyncGroupResult {
  errorCode: number
  assignment: Buffer
}

export const syncGroup = (group: GroupMetadata, assignments: ReadonlyMap<string, Buffer>): Frame<SyncGroupResult> =>
  rigid(
    { key: 14, version: 3, name: 'SyncGroup' },
    (writer) => {
      writer.string(group.groupId).int32(group.generationId).string(group.memberId).string(group.groupInstanceId)
      writer.array([...assignments], ([memberId, assignment]) => writer.string(memberId).bytes(assignment))
    },
    (reader) => {
      reader.int32()
      return { errorCode: reader.int16(), assignment: reader.nullableBytes() ?? Buffer.alloc(0) }
    },
  )

export const heartbeat = (group: GroupMetadata): Frame<{ errorCode: number }> =>
  rigid(
    { key: 12, version: 3, name: 'Heartbeat' },
    (writer) =>
      writer.string(group.groupId).int32(group.generationId).string(group.memberId).string(group.groupInstanceId),
    throttledErrorCode,
  )

export const leaveGroup = (
  groupId: string,
  member: { memberId: string; groupInstanceId: string | null },
): Frame<{ errorCode: number }> =>
  rigid(
    { key: 13, version: 3, name: 'LeaveGroup' },
    (writer) => {
      writer.string(groupId)
      writer.array([member], (m) => writer.string(m.memberId).string(m.groupInstanceId))
    },
    (reader) => {
      const { errorCode } = throttledErrorCode(reader)
      const members = reader.array(() => {
        reader.string()
        reader.nullableString()
        return reader.int16()
      })
      return { errorCode: errorCode || members.find((code) => code !== 0) || 0 }
    },
  )

/** v7: the first that names the group instance, so that a replaced static member is fenced. */
export const offsetCommit = (
  group: GroupMetadata,
  offsets: ReadonlyArray<TopicPartition & CommittedOffset>,
): Frame<PartitionErrors> =>
  rigid(
    { key: 8, version: 7, name: 'OffsetCommit' },
    (writer) => {
      writer.string(group.groupId).int32(group.generationId).string(group.memberId).string(group.groupInstanceId)
      writer.array([...groupByTopic(offsets)], ([topic, partitions]) => {
        writer.string(topic)
        writer.array(partitions, ({ partition, offset, leaderEpoch = -1, metadata }) =>
          writer.int32(partition).int64(offset).int32(leaderEpoch).string(metadata),
        )
      })
    },
    (reader) => {
      reader.int32()
      const result: PartitionErrors = { errorCode: 0, failed: undefined }
      reader.array(() => {
        const topic = reader.string()
        reader.array(() => notePartitionError(result, topic, reader.int32(), reader.int16()))
      })
      return result
    },
  )

/** Of a committed offset; brokers have -1 where none was committed with it. */
export const knownEpoch = (leaderEpoch: number): Pick<CommittedOffset, 'leaderEpoch'> =>
  leaderEpoch < 0 ? {} : { leaderEpoch }

export interface OffsetFetchResult extends PartitionErrors {
  offsets: Array<TopicPartition & CommittedOffset>
}

/** v7: the first with `require_stable` (KIP-447). */
export const offsetFetch = (groupId: string, partitions: readonly TopicPartition[]): Frame<OffsetFetchResult> =>
  flex(
    { key: 9, version: 7, name: 'OffsetFetch' },
    (writer) => {
      writer.compactString(groupId)
      writer.compactArray([...groupByTopic(partitions)], ([topic, list]) => {
        writer.compactString(topic)
        writer.compactArray(list, ({ partition }) => writer.int32(partition)).tags()
      })
      writer.boolean(true)
    },
    (reader) => {
      reader.int32()
      const result: OffsetFetchResult = { errorCode: 0, failed: undefined, offsets: [] }
      reader.compactArray(() => {
        const topic = reader.compactString()
        reader.compactArray(() => {
          const partition = reader.int32()
          const offset = reader.int64()
          const epoch = knownEpoch(reader.int32())
          const metadata = reader.compactString()
          notePartitionError(result, topic, partition, reader.int16())
          reader.tags()
          // -1: nothing was committed
          if (offset >= 0) result.offsets.push({ topic, partition, offset, ...epoch, metadata })
        })
        reader.tags()
      })
      const errorCode = reader.int16()
      if (errorCode !== 0) result.errorCode = errorCode
      return result
    },
  )
