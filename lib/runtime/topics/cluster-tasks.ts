import type { ClusterTasks } from '../../assignment/group-leader'
import type { CompiledTopology, InternalTopic } from '../../topology/definition'
import { currentSourceTopics, missingSourceTopics, partitionCounts } from '../../topology/partition-counts'
import { taskId, type TaskId } from '../../record/task-id'
import type { TopicPartition } from '../../record/topic-partition'

/** The internal topics that a topology needs over these source topics, with their partition counts. */
export const internalTopicsOf = (
  topology: CompiledTopology,
  sourceCounts: ReadonlyMap<string, number>,
): Map<InternalTopic, number> => {
  const counts = partitionCounts(topology, sourceCounts)
  const topics = new Map<InternalTopic, number>()
  for (const { repartitionSourceTopics, changelogTopics } of topology.subTopologies) {
    for (const topic of repartitionSourceTopics.values()) topics.set(topic, counts.repartitionTopics.get(topic.name)!)
    for (const topic of changelogTopics.values()) topics.set(topic, counts.changelogTopics.get(topic.name)!)
  }
  for (const [topic, partitions] of topics) if (partitions === 0) topics.delete(topic)
  return topics
}

/** Divides the sub-topologies into tasks: task p reads partition p of every source topic that has it. */
export const clusterTasks = (topology: CompiledTopology, sourceCounts: ReadonlyMap<string, number>): ClusterTasks => {
  const missingTopics = missingSourceTopics(topology, sourceCounts)
  const tasks = new Map<TaskId, TopicPartition[]>()
  if (missingTopics.length > 0) return { tasks, missingTopics }
  const counts = partitionCounts(topology, sourceCounts)
  for (const sub of topology.subTopologies) {
    for (let partition = 0; partition < counts.tasks.get(sub.id)!; partition++) {
      const inputs = currentSourceTopics(sub, sourceCounts)
        .filter((topic) => partition < (counts.repartitionTopics.get(topic) ?? sourceCounts.get(topic) ?? 0))
        .map((topic) => ({ topic, partition }))
      tasks.set(taskId(sub.id, partition), inputs)
    }
  }
  return { tasks, missingTopics }
}
