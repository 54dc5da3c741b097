import type { Assignment } from '../../port'
import { groupByTopic } from '../protocol/partitions'
import { WireReader, WireWriter } from '../protocol/wire'
import type { TopicPartition } from '../../../record/topic-partition'

/**
 * The payload that consumers of a group exchange through JoinGroup and SyncGroup ("ConsumerProtocol"). Version 1 adds the
 * partitions that a member still owns (KIP-429), version 2 the generation in which it got them (KIP-792); tools such as
 * `kafka-consumer-groups` read it for the group's topics.
 */
export interface Subscription {
  topics: string[]
  userData: Buffer
  ownedPartitions: TopicPartition[]
  generationId: number
}

const SUBSCRIPTION_VERSION = 2
const ASSIGNMENT_VERSION = 1
const NO_GENERATION = -1
const NOTHING = Buffer.alloc(0)

export const encodeSubscription = ({ topics, userData, ownedPartitions, generationId }: Subscription): Buffer => {
  const writer = new WireWriter(64 + userData.length)
  writer.int16(SUBSCRIPTION_VERSION)
  // sorted, so that an unchanged subscription has unchanged bytes: a follower that joins with them causes no rebalance
  writer.array([...topics].sort(), (topic) => writer.string(topic))
  writer.bytes(userData)
  writePartitions(writer, ownedPartitions)
  return writer.int32(generationId).buffer
}

export const decodeSubscription = (bytes: Buffer): Subscription => {
  const reader = new WireReader(bytes)
  const version = reader.int16()
  const topics = reader.array(() => reader.string())
  const userData = copy(reader.nullableBytes())
  const ownedPartitions = version >= 1 ? readPartitions(reader) : []
  return { topics, userData, ownedPartitions, generationId: version >= 2 ? reader.int32() : NO_GENERATION }
}

export const encodeAssignment = ({ partitions, userData }: Assignment): Buffer => {
  const writer = new WireWriter(64 + userData.length)
  writer.int16(ASSIGNMENT_VERSION)
  writePartitions(writer, partitions)
  writer.bytes(userData)
  return writer.buffer
}

/** A member that the leader has not named is given no bytes at all: it owns nothing. */
export const decodeAssignment = (bytes: Buffer): Assignment => {
  if (bytes.length === 0) return { partitions: [], userData: NOTHING }
  const reader = new WireReader(bytes)
  reader.int16()
  const partitions = readPartitions(reader)
  return { partitions, userData: copy(reader.nullableBytes()) }
}

const copy = (view: Buffer | null): Buffer => (view === null ? NOTHING : Buffer.from(view))

const writePartitions = (writer: WireWriter, partitions: readonly TopicPartition[]): void => {
  writer.array([...groupByTopic(partitions)], ([topic, list]) => {
    writer.string(topic)
    writer.array(list, ({ partition }) => writer.int32(partition))
  })
}

const readPartitions = (reader: WireReader): TopicPartition[] => {
  const partitions: TopicPartition[] = []
  reader.array(() => {
    const topic = reader.string()
    reader.array(() => partitions.push({ topic, partition: reader.int32() }))
  })
  return partitions
}
