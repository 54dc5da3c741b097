/** One partition of a topic. */
export interface TopicPartition {
  /** The topic's name. */
  readonly topic: string
  /** Counted from 0. */
  readonly partition: number
}

/**
 * A partition's key in maps of partitions.
 *
 * @example
 * tpKey('orders', 3) // orders-3
 */
export const tpKey = (topic: string, partition: number): string => `${topic}-${partition}`

/** Whether a topic with that many partitions has this one; partitioners may return anything. */
export const isPartition = (partition: number, partitions: number): boolean =>
  Number.isInteger(partition) && partition >= 0 && partition < partitions
