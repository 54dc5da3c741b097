import type { Admin } from '../../kafka/port'
import type { TopicPartition } from '../../record/topic-partition'

/** The partition that a key of a map of partitions stands for. */
export const partitionOf = (key: string): TopicPartition => {
  const dash = key.lastIndexOf('-')
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) }
}

/** By topic, then by number. */
export const inOrder = <T extends TopicPartition>(partitions: Iterable<T>): T[] =>
  [...partitions].sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))

/** All partitions of those of the topics that exist, and the others' names. */
export const partitionsOf = async (
  admin: Admin,
  topics: Iterable<string>,
): Promise<{ partitions: TopicPartition[]; missing: string[] }> => {
  const partitions: TopicPartition[] = []
  const missing: string[] = []
  for (const { topic, partitions: count, error } of await admin.topics([...new Set(topics)].sort())) {
    if (error?.kind === 'unknownTopic') missing.push(topic)
    else if (error !== undefined) throw error
    else for (let partition = 0; partition < count; partition++) partitions.push({ topic, partition })
  }
  return { partitions, missing }
}
