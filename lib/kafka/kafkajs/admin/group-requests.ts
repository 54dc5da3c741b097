import type { CommittedOffset, GroupDescription, GroupListing, MemberDescription } from '../../port'
import { decodeAssignment } from '../group/consumer-protocol'
import { knownEpoch } from '../group/requests'
import { flex, rigid, type Frame } from '../protocol/frame'
import type { WireReader } from '../protocol/wire'
import { byTopic, type NamedResult, ofTopics, type PartitionResult } from './requests'
import { type TopicPartition, tpKey } from '../../../record/topic-partition'

export interface GroupOffsets {
  readonly errorCode: number
  readonly offsets: Map<string, CommittedOffset>
}

/** Every offset that the group has committed. */
export const groupOffsetsFrame = (groupId: string): Frame<GroupOffsets> =>
  flex(
    { key: 9, version: 7, name: 'OffsetFetch' },
    (w) => {
      w.compactString(groupId)
        .compactArray(null, () => {})
        .boolean(false)
    },
    (r) => {
      r.int32() // throttle time
      const offsets = new Map<string, CommittedOffset>()
      r.compactArray(() => {
        const topic = r.compactString()
        r.compactArray(() => {
          const partition = r.int32()
          const offset = r.int64()
          const epoch = knownEpoch(r.int32())
          const metadata = r.nullableCompactString() ?? ''
          const errorCode = r.int16()
          r.tags()
          if (offset >= 0 && errorCode === 0) offsets.set(tpKey(topic, partition), { offset, ...epoch, metadata })
        })
        r.tags()
      })
      return { errorCode: r.int16(), offsets }
    },
  )

export interface DescribedGroup extends GroupDescription {
  readonly errorCode: number
}

export const describeGroupFrame = (groupId: string): Frame<DescribedGroup> =>
  rigid(
    { key: 15, version: 4, name: 'DescribeGroups' },
    (w) => {
      w.array([groupId], (id) => w.string(id)).boolean(false)
    },
    (r) => {
      r.int32() // throttle time
      const [group] = r.array(() => {
        const head = { errorCode: r.int16(), groupId: r.string(), state: r.string() }
        const protocolType = r.string()
        const protocol = r.string()
        const members = r.array(() => memberOf(r, protocolType))
        r.int32() // authorized operations
        return { ...head, protocolType, protocol, members }
      })
      return group ?? { errorCode: -1, groupId, state: 'Dead', protocolType: '', protocol: '', members: [] }
    },
  )

const memberOf = (r: WireReader, protocolType: string): MemberDescription => {
  const head = { memberId: r.string(), groupInstanceId: r.nullableString(), clientId: r.string(), host: r.string() }
  r.nullableBytes() // metadata
  const assignment = r.nullableBytes()
  return { ...head, assignment: decodeAssignment(isConsumer(protocolType) && assignment ? assignment : NOTHING) }
}

/** Members of other groups, such as Kafka Connect's, exchange something else. */
const isConsumer = (protocolType: string): boolean => protocolType === 'consumer'

const NOTHING = Buffer.alloc(0)

export interface ListedGroups {
  readonly errorCode: number
  readonly groups: GroupListing[]
}

/** The groups that one broker coordinates. v4: the first with their states. */
export const listGroupsFrame = (): Frame<ListedGroups> =>
  flex(
    { key: 16, version: 4, name: 'ListGroups' },
    (w) => {
      w.compactArray([], () => {})
    },
    (r) => {
      r.int32() // throttle time
      const errorCode = r.int16()
      const groups = r.compactArray(() => {
        const group = { groupId: r.compactString(), protocolType: r.compactString(), state: r.compactString() }
        r.tags()
        return group
      })
      return { errorCode, groups }
    },
  )

export const deleteGroupOffsetsFrame = (
  groupId: string,
  partitions: readonly TopicPartition[],
): Frame<{ errorCode: number; partitions: PartitionResult[] }> =>
  rigid(
    { key: 47, version: 0, name: 'OffsetDelete' },
    (w) => {
      w.string(groupId)
      byTopic(w, partitions, ({ partition }) => w.int32(partition))
    },
    (r) => {
      const errorCode = r.int16()
      r.int32() // throttle time
      return {
        errorCode,
        partitions: ofTopics(r, (topic) => ({ topic, partition: r.int32(), errorCode: r.int16() })),
      }
    },
  )

export const deleteGroupFrame = (groupId: string): Frame<NamedResult> =>
  rigid(
    { key: 42, version: 1, name: 'DeleteGroups' },
    (w) => {
      w.array([groupId], (id) => w.string(id))
    },
    (r) => {
      r.int32() // throttle time
      const [result] = r.array(() => ({ name: r.string(), errorCode: r.int16(), errorMessage: null }))
      return result ?? { name: groupId, errorCode: -1, errorMessage: null }
    },
  )
