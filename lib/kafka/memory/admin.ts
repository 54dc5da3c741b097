import {
  ClientError,
  type Admin,
  type CommittedOffset,
  type GroupDescription,
  type GroupListing,
  type Isolation,
  type TopicMetadata,
  type TopicSpec,
} from '../port'
import { brokerError, closedError } from './broker-error'
import type { MemoryCluster } from './cluster'
import { tpKey, type TopicPartition } from '../../record/topic-partition'

export class MemoryAdmin implements Admin {
  private closed = false

  constructor(
    private readonly broker: MemoryCluster,
    private readonly onClose: () => void,
  ) {}

  async topics(names: readonly string[]): Promise<TopicMetadata[]> {
    return names.map((topic) => {
      const found = this.cluster.topic(topic)
      if (found) return { topic, partitions: found.partitions.length }
      return { topic, partitions: 0, error: brokerError('UNKNOWN_TOPIC_OR_PARTITION', `There is no topic ${topic}`) }
    })
  }

  async listTopics(): Promise<string[]> {
    return this.cluster.topicNames()
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<Map<string, 'created' | 'exists' | ClientError>> {
    const results = new Map<string, 'created' | 'exists' | ClientError>()
    for (const spec of specs) {
      try {
        results.set(spec.topic, this.cluster.createTopic(spec) ? 'created' : 'exists')
      } catch (error) {
        if (!(error instanceof ClientError)) throw error
        results.set(spec.topic, error)
      }
    }
    return results
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.cluster.deleteTopic(topic)
  }

  async topicConfigs(topic: string): Promise<Map<string, { value: string | null; isDefault: boolean }>> {
    return this.cluster.requireTopic(topic).config.entries()
  }

  async alterTopicConfigs(topic: string, set: Record<string, string | null>): Promise<void> {
    this.cluster.requireTopic(topic).config.alter(set)
  }

  async listOffsets(
    at: ReadonlyArray<TopicPartition & { at: 'earliest' | 'latest' | number }>,
    isolation: Isolation = 'read_uncommitted',
  ): Promise<Map<string, number>> {
    const offsets = new Map<string, number>()
    for (const { topic, partition, at: position } of at) {
      const log = this.cluster.requireLog(topic, partition)
      const end = isolation === 'read_committed' ? log.lastStableOffset : log.highWatermark
      const offset =
        typeof position === 'number'
          ? (log.offsetAt(position, end) ?? end)
          : position === 'latest'
            ? end
            : log.logStartOffset
      offsets.set(tpKey(topic, partition), offset)
    }
    return offsets
  }

  async deleteRecords(before: ReadonlyArray<TopicPartition & { offset: number }>): Promise<void> {
    for (const { topic, partition, offset } of before) {
      const log = this.cluster.requireLog(topic, partition)
      if (offset > log.highWatermark) {
        throw brokerError(
          'OFFSET_OUT_OF_RANGE',
          `Can't delete the records of ${topic}-${partition} before ${offset}: it ends at ${log.highWatermark}`,
          { topic, partition },
        )
      }
      log.deleteBefore(offset)
    }
  }

  async groupOffsets(groupId: string): Promise<Map<string, CommittedOffset>> {
    return this.cluster.groups.offsets(groupId)
  }

  async groupMembers(groupId: string): Promise<number> {
    return this.cluster.groups.memberCount(groupId)
  }

  async listGroups(): Promise<GroupListing[]> {
    return this.cluster.groups.list().map(({ groupId, protocolType, state }) => ({ groupId, protocolType, state }))
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    return this.cluster.groups.describe(groupId)
  }

  async alterGroupOffsets(groupId: string, offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void> {
    if (offsets.length === 0) return
    this.cluster.groups.commit({ groupId, generationId: -1, memberId: '', groupInstanceId: null }, offsets)
  }

  async deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length > 0) this.cluster.groups.deleteOffsets(groupId, partitions)
  }

  async deleteGroup(groupId: string): Promise<void> {
    this.cluster.groups.delete(groupId)
  }

  async close(): Promise<void> {
    this.closed = true
    this.onClose()
  }

  private get cluster(): MemoryCluster {
    if (this.closed) throw closedError('admin client')
    return this.broker
  }
}
