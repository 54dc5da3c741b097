/**
 * The only Kafka surface that the runtime sees. Offsets and timestamps are JavaScript numbers (exact to 2^53).
 *
 * Two adapters implement it, `kafkajs/` and `memory/`; one contract suite (`spec/contract/kafka`) runs against both.
 */

/** One partition of a topic. */
export interface TopicPartition {
  /** The topic's name. */
  readonly topic: string
  /** Counted from 0. */
  readonly partition: number
}

/** A partition's key in the maps of this port. */
export const tpKey = (topic: string, partition: number): string => `${topic}-${partition}`
