import type { TopicPartition } from '../../../record/topic-partition'

/** The shape in which nearly every request of the protocol lists partitions. */
export const groupByTopic = <T extends TopicPartition>(partitions: readonly T[]): Map<string, T[]> => {
  const byTopic = new Map<string, T[]>()
  for (const partition of partitions) {
    const list = byTopic.get(partition.topic)
    if (list === undefined) byTopic.set(partition.topic, [partition])
    else list.push(partition)
  }
  return byTopic
}

/** What comes of a request for several partitions, each of which may fail. */
export interface PartitionErrors {
  /** the first partition that failed decides */
  errorCode: number
  failed: TopicPartition | undefined
}

export const notePartitionError = (
  result: PartitionErrors,
  topic: string,
  partition: number,
  errorCode: number,
): void => {
  if (errorCode === 0 || result.errorCode !== 0) return
  result.errorCode = errorCode
  result.failed = { topic, partition }
}
