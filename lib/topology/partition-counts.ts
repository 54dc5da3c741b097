import { StreamsError, TopologyError } from '../errors'
import type { CompiledTopology, InternalTopic } from './definition'
import type { StoreInputs } from './store-inputs'
import { matchesTopic } from './topic-pattern'

/** How many partitions everything has, by full topic name, once the counts of the user's topics are known. */
export interface PartitionCounts {
  readonly repartitionTopics: ReadonlyMap<string, number>
  readonly changelogTopics: ReadonlyMap<string, number>
  /** Tasks of each sub-topology, by its id: one for each partition of its widest source topic. */
  readonly tasks: ReadonlyMap<number, number>
}

/** Source topics of the user's, those of global stores included, that don't exist, given those that do. A pattern misses nothing. */
export function missingSourceTopics(topology: CompiledTopology, existing: ReadonlyMap<string, number>): string[] {
  const topics = topology.subTopologies.flatMap((sub) =>
    sub.sourceTopics.filter((topic) => !sub.repartitionSourceTopics.has(topic)),
  )
  const missing = [...topics, ...topology.global.stores.map(({ topic }) => topic)].filter(
    (topic) => !existing.has(topic),
  )
  return [...new Set(missing)].sort()
}

/** The source topics of a sub-topology, or of a store, as they are now: named ones and those that its patterns match. */
export function currentSourceTopics(
  { sourceTopics, sourcePatterns }: StoreInputs,
  existing: ReadonlyMap<string, number>,
): string[] {
  return currentTopics(sourceTopics, sourcePatterns, existing)
}

function currentTopics(
  named: readonly string[],
  patterns: readonly RegExp[],
  existing: ReadonlyMap<string, number>,
): string[] {
  const matched = [...existing.keys()].filter((topic) => patterns.some((pattern) => matchesTopic(pattern, topic)))
  return [...new Set([...named, ...matched])]
}

/**
 * Decides the partition counts of internal topics. A repartition topic has the count that the user gave, else that of
 * what it is co-partitioned with, else as many as the widest source of the sub-topologies that write to it.
 *
 * @param existing partition counts of the user's topics
 * @throws StreamsError MISSING_SOURCE_TOPIC
 * @throws TopologyError NOT_COPARTITIONED, TOPIC_ALREADY_REGISTERED if two sources match a topic, INVALID_TOPOLOGY if a count depends on itself
 */
export function partitionCounts(topology: CompiledTopology, existing: ReadonlyMap<string, number>): PartitionCounts {
  const missing = missingSourceTopics(topology, existing)
  if (missing.length > 0) {
    throw new StreamsError(
      'MISSING_SOURCE_TOPIC',
      `source topic${missing.length > 1 ? 's' : ''} ${missing.join(', ')} can't be found: create ${missing.length > 1 ? 'them' : 'it'}, ` +
        'or check the spelling and the right to describe topics',
      { topic: missing[0] },
    )
  }
  requireOneReader(topology, existing)
  const internal = new Map(topology.subTopologies.flatMap((sub) => [...sub.repartitionSourceTopics]))
  const decided = decideRepartitionTopics(topology, internal, existing)
  copartition(topology, internal, existing, decided)
  return withTasks(topology, existing, decided)
}

/** Which topics a pattern matches is known only where it runs. */
function requireOneReader(topology: CompiledTopology, existing: ReadonlyMap<string, number>): void {
  const readers = new Map<string, string>()
  for (const sub of topology.subTopologies) {
    for (const node of sub.nodes) {
      if (node.kind !== 'source') continue
      const { name, topics } = node
      const read =
        topics instanceof RegExp
          ? [...existing.keys()].filter((topic) => matchesTopic(topics, topic))
          : topics.map((topic) => topology.topicName(topic))
      for (const topic of read) {
        const other = readers.get(topic)
        if (other !== undefined) throw readTwice(topic, other, name)
        readers.set(topic, name)
      }
    }
  }
}

function readTwice(topic: string, source: string, other: string): TopologyError {
  return new TopologyError(
    'TOPIC_ALREADY_REGISTERED',
    `topic "${topic}" is read by source "${source}" and matches source "${other}" as well, and a topology reads a topic once: ` +
      'change their patterns so that no topic matches both, or read it once and give both branches the same stream',
    { operator: other, topic },
  )
}

function decideRepartitionTopics(
  topology: CompiledTopology,
  internal: ReadonlyMap<string, InternalTopic>,
  existing: ReadonlyMap<string, number>,
): Map<string, number> {
  const decided = new Map<string, number>()
  for (const topic of internal.values()) if (topic.partitions !== undefined) decided.set(topic.name, topic.partitions)
  let open = [...internal.keys()].filter((topic) => !decided.has(topic))
  const decide = (partly: boolean): string[] => {
    for (const topic of open) {
      const count = widestWriter(topic, topology, { internal, existing, decided, partly })
      if (count !== undefined) decided.set(topic, count)
    }
    return open.filter((topic) => !decided.has(topic))
  }
  while (open.length > 0) {
    let left = decide(false)
    // The topics of a foreign-key join write to each other, and have counts from the tables in the end.
    if (left.length === open.length) left = decide(true)
    if (left.length === open.length) {
      throw new TopologyError(
        'INVALID_TOPOLOGY',
        `the partition counts of the repartition topics ${left.join(', ')} depend on each other or on no source topic at all: ` +
          'give one of them a count with repartition({ partitions: … })',
        { topic: left[0] },
      )
    }
    open = left
  }
  return decided
}

interface KnownCounts {
  readonly internal: ReadonlyMap<string, InternalTopic>
  readonly existing: ReadonlyMap<string, number>
  readonly decided: ReadonlyMap<string, number>
  /** Skips sources without a count yet. */
  readonly partly: boolean
}

/** Undefined while a source of a sub-topology that writes to the topic has no count yet; `partly`: while none has one. */
function widestWriter(
  topic: string,
  topology: CompiledTopology,
  { internal, existing, decided, partly }: KnownCounts,
): number | undefined {
  let widest: number | undefined
  for (const writer of topology.subTopologies) {
    if (!writer.sinkTopics.includes(topic)) continue
    // A pattern may match nothing yet: no partitions, and no tasks, until it does.
    if (writer.sourcePatterns.length > 0) widest ??= 0
    for (const source of currentSourceTopics(writer, existing)) {
      const count = internal.has(source) ? decided.get(source) : existing.get(source)
      if (count === undefined && !partly) return undefined
      if (count !== undefined) widest = Math.max(widest ?? 0, count)
    }
  }
  return widest
}

function copartition(
  topology: CompiledTopology,
  internal: ReadonlyMap<string, InternalTopic>,
  existing: ReadonlyMap<string, number>,
  decided: Map<string, number>,
): void {
  for (const { operator, topics: named, patterns } of topology.copartitionGroups) {
    const topics = currentTopics(named, patterns, existing)
    const external = topics.filter((topic) => !internal.has(topic))
    const enforced = topics.filter((topic) => internal.get(topic)?.partitions !== undefined)
    const binding = [...external, ...enforced]
    const countOf = (topic: string): number => decided.get(topic) ?? existing.get(topic)!
    const counts = new Set(binding.map(countOf))
    if (counts.size > 1) throw notCopartitioned(operator, binding, enforced, countOf)
    const [bound] = counts
    const count = bound ?? Math.max(...topics.map(countOf))
    for (const topic of topics) if (internal.has(topic)) decided.set(topic, count)
  }
}

function notCopartitioned(
  operator: string,
  topics: readonly string[],
  enforced: readonly string[],
  countOf: (topic: string) => number,
): TopologyError {
  const counts = topics.map(
    (topic) => `${topic} has ${countOf(topic)}${enforced.includes(topic) ? ' (set by repartition)' : ''}`,
  )
  return new TopologyError(
    'NOT_COPARTITIONED',
    `${operator} needs the same number of partitions on both sides, but ${counts.join(', ')}: equal keys would be in different tasks. ` +
      'Repartition a side first, with repartition({ partitions: … }), or create the topics with equal counts',
    { operator, topic: topics[0] },
  )
}

function withTasks(
  topology: CompiledTopology,
  existing: ReadonlyMap<string, number>,
  repartitionTopics: ReadonlyMap<string, number>,
): PartitionCounts {
  const tasks = new Map<number, number>()
  const changelogTopics = new Map<string, number>()
  for (const sub of topology.subTopologies) {
    const counts = currentSourceTopics(sub, existing).map(
      (topic) => repartitionTopics.get(topic) ?? existing.get(topic)!,
    )
    const count = Math.max(0, ...counts)
    tasks.set(sub.id, count)
    for (const topic of sub.changelogTopics.keys()) changelogTopics.set(topic, count)
  }
  return { repartitionTopics, changelogTopics, tasks }
}
