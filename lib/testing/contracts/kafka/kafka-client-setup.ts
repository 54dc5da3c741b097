import type { Admin, KafkaClient } from '../../../kafka/port'
import type { TestFramework } from '../test-framework'

/**
 * The client under test, and the Kafka that it connects to, which runs before, during and after the contract. Tests share it, so each
 * uses its own topics, groups and transactional ids.
 */
export interface KafkaClientSetup {
  /** Of the client, for the name of the suite. */
  readonly name: string
  /** A new client. */
  client(): KafkaClient
  /** Closes the clients that a test has left open: called after each. */
  closeClients(): Promise<void>
  /** An admin that the tests share, to set things up and to look at the outcome. */
  admin(): Admin
  /** A name that no other test and no other run uses. */
  uniqueName(prefix: string): string
  /** Creates a topic with a unique name and waits until it can be written. Returns its name. */
  createTopic(partitions?: number, configs?: Record<string, string>): Promise<string>
  /** Creates a topic that `compact` can force the cleaner on. */
  createCompactedTopic(partitions?: number): Promise<string>
  /**
   * Forces compaction of what was written so far and resolves when it has happened. A real broker never cleans its active segment: there,
   * append a record with the key `FILLER_KEY` to each partition, which the tests pass over.
   */
  compact(topic: string): Promise<void>
}

/** Of records that `KafkaClientSetup.compact` appends. */
export const FILLER_KEY = 'compaction filler'

/** A part of the contract: defines tests of its subject. */
export type KafkaContract = (framework: TestFramework, setup: KafkaClientSetup) => void
