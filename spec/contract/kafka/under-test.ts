import type { Admin, KafkaClient } from '../../../lib/kafka/port'

/**
 * One Kafka behind the port, as the contract suite sees it. A contract is a function `(kafka: KafkaUnderTest) => void`
 * that registers jest cases; `index.ts` runs all of them inside a `describe` that starts and stops the cluster.
 * Cases share the cluster, so they work on topics, groups and transactional ids of their own (`createTopic`, `uniqueName`).
 */
export interface KafkaUnderTest {
  readonly name: 'memory' | 'kafkajs'
  /** Called once around all contracts. */
  start(): Promise<void>
  stop(): Promise<void>
  /** A new client; the suite closes what a case leaves open. */
  client(): KafkaClient
  /** An admin that the cases share, for setting up and looking at the outcome. */
  admin(): Admin
  /** A name that no other case and no other run uses. */
  uniqueName(prefix: string): string
  /** Creates a topic with a unique name and waits until it can be written. Returns its name. */
  createTopic(partitions?: number, configs?: Record<string, string>): Promise<string>
  /** Creates a topic that `compact` can force the cleaner on. */
  createCompactedTopic(partitions?: number): Promise<string>
  /**
   * Forces compaction of everything written so far, apart from what a broker never cleans (its active segment: on a
   * real broker a filler record per partition is appended to roll it). Resolves when it has happened.
   */
  compact(topic: string): Promise<void>
  /** What only a network can do; absent where there is none. */
  readonly network?: NetworkFaults
  /** Called by the suite after each case. */
  closeClients(): Promise<void>
}

/** Faults of the way between client and broker. */
export interface NetworkFaults {
  /** A client whose connections go through a proxy that this object controls. */
  client(): KafkaClient
  /** Cuts every open connection; new ones are accepted. */
  cut(): void
  /** Passes requests on, but holds responses back until `cut` or `flow`. */
  swallowResponses(): void
  /** Back to normal. */
  flow(): void
}

export type KafkaContract = (kafka: KafkaUnderTest) => void
