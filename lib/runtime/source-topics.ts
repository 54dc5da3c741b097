import { StreamsError } from '../errors'
import type { Admin } from '../kafka/port'
import type { CompiledTopology, SubTopology } from '../topology/definition'

/** What the cluster has of a topology's source topics. */
export interface SourceTopicCounts {
  /** External source topics, those that match a pattern included, with their partition counts. */
  readonly partitions: ReadonlyMap<string, number>
  readonly missing: readonly string[]
}

/** Source topics that the application does not create itself. */
export const externalSourceTopics = (topology: CompiledTopology): string[] =>
  topology.subTopologies.flatMap(sub => sub.sourceTopics.filter(topic => !sub.repartitionSourceTopics.has(topic)))

export const hasPatterns = (topology: CompiledTopology): boolean =>
  topology.subTopologies.some(sub => sub.sourcePatterns.length > 0)

/** Whether a sub-topology reads a topic, by name or by pattern. */
export const reads = (sub: SubTopology, topic: string): boolean =>
  sub.sourceTopics.includes(topic) || sub.sourcePatterns.some(pattern => matches(pattern, topic))

/** A pattern means the whole name, as in Java. */
export const matches = (pattern: RegExp, topic: string): boolean => {
  const found = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).exec(topic)
  return found !== null && found[0].length === topic.length
}

export const countSourceTopics = async (admin: Admin, topology: CompiledTopology): Promise<SourceTopicCounts> => {
  const named = externalSourceTopics(topology)
  const patterns = topology.subTopologies.flatMap(sub => sub.sourcePatterns)
  const matching =
    patterns.length === 0
      ? []
      : (await admin.listTopics()).filter(topic => patterns.some(pattern => matches(pattern, topic)))
  const names = [...new Set([...named, ...matching])]
  const partitions = new Map<string, number>()
  const missing: string[] = []
  for (const topic of names.length === 0 ? [] : await admin.topics(names)) {
    if (topic.error?.kind === 'authorization') {
      throw new StreamsError(
        'NOT_AUTHORIZED',
        `not authorized to read source topic ${topic.topic}: ${topic.error.message}`,
        { topic: topic.topic },
        { cause: topic.error },
      )
    }
    if (topic.error && topic.error.kind !== 'unknownTopic') throw topic.error
    if (topic.error || topic.partitions === 0) missing.push(topic.topic)
    else partitions.set(topic.topic, topic.partitions)
  }
  return { partitions, missing: missing.filter(topic => named.includes(topic)) }
}
