import type { TopicPartition } from '../../record/topic-partition'
import type { ClientError } from './client-error'
import type { Isolation } from './fetcher'
import type { Assignment, CommittedOffset } from './group'

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
