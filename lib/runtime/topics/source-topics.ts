import type { Admin } from '../../kafka/port'
import type { CompiledTopology } from '../../topology/definition'
import { matchesTopic } from '../../topology/topic-pattern'
import { notAuthorized } from '../failure/not-authorized'

/** Source topics of the user's that exist, those of patterns and global stores included, with their partition counts. */
export const countSourceTopics = async (admin: Admin, topology: CompiledTopology): Promise<Map<string, number>> => {
  const counts = new Map<string, number>()
  const names = await sourceTopicNames(admin, topology)
  if (names.length === 0) return counts
  for (const { topic, partitions, error } of await admin.topics(names)) {
    if (error?.kind === 'authorization') throw notAuthorized(error, {}, { topic, operation: 'Read' })
    if (error && error.kind !== 'unknownTopic') throw error
    if (!error && partitions > 0) counts.set(topic, partitions)
  }
  return counts
}

/** Those of sources that have no topic to read yet. */
export const patternsWithoutTopic = (topology: CompiledTopology, topics: Iterable<string>): RegExp[] => {
  const names = [...topics]
  return topology.subTopologies
    .flatMap(({ sourcePatterns }) => sourcePatterns)
    .filter((pattern) => !names.some((topic) => matchesTopic(pattern, topic)))
}

const sourceTopicNames = async (admin: Admin, topology: CompiledTopology): Promise<string[]> => {
  const names = new Set(topology.global.stores.map(({ topic }) => topic))
  for (const { sourceTopics, repartitionSourceTopics } of topology.subTopologies) {
    for (const topic of sourceTopics) if (!repartitionSourceTopics.has(topic)) names.add(topic)
  }
  const patterns = topology.subTopologies.flatMap((sub) => sub.sourcePatterns)
  if (patterns.length > 0) {
    for (const topic of await admin.listTopics()) {
      if (patterns.some((pattern) => matchesTopic(pattern, topic))) names.add(topic)
    }
  }
  return [...names]
}
