/**
 * The only Kafka surface that the runtime sees. Offsets and timestamps are JavaScript numbers (exact to 2^53).
 *
 * Two adapters implement it, `kafkajs/` and `memory/`; one contract suite (`spec/contract/kafka`) runs against both.
 */

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** The key under which maps of this port file a partition. */
export const tpKey = (topic: string, partition: number): string => `${topic}-${partition}`
