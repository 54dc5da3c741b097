import type { TopicSpec } from '../port'
import { brokerError, unknownPartition } from './broker-error'
import { compactPartition, type CompactionOptions } from './compaction'
import { GroupCoordinator } from './group-coordinator'
import type { PartitionLog } from './partition-log'
import { MemoryTopic } from './topic'
import { TopicConfig } from './topic-config'
import { TransactionCoordinator } from './transaction-coordinator'

const VALID_TOPIC = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/
/** It has one copy of everything, but lets an app written for a usual three-broker cluster run as it is. */
const PRETENDED_BROKERS = 3

/** The broker's side: topics, group and transaction coordinator. Clients call it directly, no bytes on a wire. */
export class MemoryCluster {
  readonly groups = new GroupCoordinator((topic, partition) => this.log(topic, partition) !== undefined)
  readonly transactions = new TransactionCoordinator(this.groups)
  private readonly byName = new Map<string, MemoryTopic>()
  private readonly creationWatchers = new Set<(topic: string) => void>()

  topic(name: string): MemoryTopic | undefined {
    return this.byName.get(name)
  }

  topicNames(): string[] {
    return [...this.byName.keys()]
  }

  log(topic: string, partition: number): PartitionLog | undefined {
    return this.byName.get(topic)?.partitions[partition]
  }

  requireLog(topic: string, partition: number): PartitionLog {
    const log = this.log(topic, partition)
    if (!log) throw unknownPartition(topic, partition)
    return log
  }

  requireTopic(name: string): MemoryTopic {
    const topic = this.byName.get(name)
    if (!topic)
      throw brokerError('UNKNOWN_TOPIC_OR_PARTITION', `The embedded Kafka has no topic ${name}; create it first`)
    return topic
  }

  /** Returns false if it exists. */
  createTopic({ topic, partitions, replicationFactor = 1, configs = {} }: TopicSpec): boolean {
    if (!VALID_TOPIC.test(topic)) {
      throw brokerError(
        'INVALID_TOPIC_EXCEPTION',
        `Topic name "${topic}" is illegal: 1 to 249 of a-z, A-Z, 0-9, ".", "_", "-"`,
      )
    }
    if (this.byName.has(topic)) return false
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw brokerError(
        'INVALID_PARTITIONS',
        `Topic ${topic}: the number of partitions must be 1 or more, not ${partitions}`,
      )
    }
    if (!(replicationFactor >= 1 && replicationFactor <= PRETENDED_BROKERS)) {
      throw brokerError(
        'INVALID_REPLICATION_FACTOR',
        `Topic ${topic}: replication factor ${replicationFactor}, but ${PRETENDED_BROKERS} brokers`,
      )
    }
    this.byName.set(topic, new MemoryTopic(topic, partitions, new TopicConfig(configs)))
    for (const watcher of this.creationWatchers) watcher(topic)
    return true
  }

  /** As in Kafka, a topic only grows. */
  createPartitions(name: string, partitions: number): void {
    const topic = this.requireTopic(name)
    const before = topic.partitions.length
    if (!Number.isInteger(partitions) || partitions <= before) {
      throw brokerError('INVALID_PARTITIONS', `Topic ${name} has ${before} partitions, it can't be given ${partitions}`)
    }
    topic.grow(partitions)
    for (const watcher of this.creationWatchers) watcher(name)
  }

  deleteTopic(name: string): void {
    const topic = this.requireTopic(name)
    this.byName.delete(name)
    this.groups.forgetTopic(topic.name)
    this.transactions.forgetPartitions(topic.partitions)
    for (const log of topic.partitions) log.delete()
  }

  compact(name: string, options?: CompactionOptions): void {
    for (const log of this.requireTopic(name).partitions) compactPartition(log, options)
  }

  watchCreation(watcher: (topic: string) => void): void {
    this.creationWatchers.add(watcher)
  }

  unwatchCreation(watcher: (topic: string) => void): void {
    this.creationWatchers.delete(watcher)
  }

  close(): void {
    this.groups.close()
    this.transactions.close()
    this.byName.clear()
  }
}
