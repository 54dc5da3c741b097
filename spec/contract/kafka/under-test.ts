import type { Admin, KafkaClient } from '../../../lib/kafka/port'

/**
 * One Kafka behind the port, as the contract suite sees it. A contract is a function `(kafka: KafkaUnderTest) => void`
 * that registers jest cases; `index.ts` runs all of them inside a `describe` that starts and stops the cluster.
 * Cases share the cluster, so they work on topics, groups and transactional ids of their own (`createTopic`, `uniqueName`).
 *
 * What only one adapter can show (cut connections, TLS, batches written by Java) has a spec of its own.
 */
export interface KafkaUnderTest {
  readonly name: 'memory' | 'kafkajs'
  /** Called once around all contracts. */
  start(): Promise<void>
  stop(): Promise<void>
  /** A new client; the suite closes what a case leaves open. */
  client(): KafkaClient
  /** An admin that the cases share, for setting up and for looking at the outcome. */
  admin(): Admin
  /** A name that no other case and no other run uses. */
  uniqueName(prefix: string): string
  /** Creates a topic with a unique name and waits until it can be written. Returns its name. */
  createTopic(partitions?: number, configs?: Record<string, string>): Promise<string>
  /** Creates a topic that `compact` can force the cleaner on. */
  createCompactedTopic(partitions?: number): Promise<string>
  /**
   * Forces compaction of what was written so far and resolves when it has happened. A real broker never cleans its
   * active segment, so there a record with `FILLER_KEY` is appended to each partition.
   */
  compact(topic: string): Promise<void>
  /** Called by the suite after each case. */
  closeClients(): Promise<void>
}

export const FILLER_KEY = 'compaction filler'

export type KafkaContract = (kafka: KafkaUnderTest) => void
