import { TopologyError } from '../../errors'
import type {
  CompiledTopology,
  CopartitionGroup,
  InternalTopic,
  NodeDefinition,
  SourceDefinition,
  StoreDefinition,
  SubTopology,
  TopologyDefinition,
} from '../definition'
import { changelogTopic, type InternalTopicSettings, repartitionTopic } from './internal-topics'
import { matchesTopic } from '../topic-pattern'
import { withIdleInputs } from './idle-inputs'
import { type NodeGroup, nodeGroups } from '../node-groups'
import type { Serde } from '../../serdes/serde'
import { requireKnownFormats } from './value-formats'

export interface CompileOptions extends InternalTopicSettings {
  readonly applicationId: string
  /** For values of which the topology says nothing. */
  readonly defaultValueSerde?: Serde<unknown>
}

/**
 * Cuts a topology into its connected parts and gives internal topics their full names and configs. Ids, and with them
 * task ids, are those of Kafka Streams.
 *
 * @throws TopologyError MISSING_SERDE; INVALID_NAME if an internal topic can't be named after its store or operator;
 * INVALID_TOPOLOGY if a pattern matches an internal topic
 */
export function compileTopology(definition: TopologyDefinition, options: CompileOptions): CompiledTopology {
  if (options.defaultValueSerde) requireKnownFormats(definition, options.defaultValueSerde)
  const topicName = (topic: string): string =>
    definition.repartitionTopics.has(topic) ? `${options.applicationId}-${topic}` : topic
  const groups = nodeGroups(definition)
  const subTopologies = groups
    .filter((group) => !group.global)
    .map((group) => subTopology(group, definition, options, topicName))
  requireOthersTopics(subTopologies)
  return {
    applicationId: options.applicationId,
    subTopologies: withIdleInputs(subTopologies),
    global: {
      nodes: groups.flatMap((group) => (group.global ? group.nodes : [])),
      stores: [...(definition.globalStores?.values() ?? [])],
    },
    copartitionGroups: copartitionGroups(definition, topicName),
    topicName,
  }
}

function subTopology(
  group: NodeGroup,
  definition: TopologyDefinition,
  options: CompileOptions,
  topicName: (topic: string) => string,
): SubTopology {
  const sources = group.nodes.filter((node) => node.kind === 'source')
  const topics = sources.flatMap((source) => namedTopics(source))
  const stores = storesOf(group.nodes, definition).map((store) => withChangelog(store, options))
  const repartitionTopics = topics.filter((topic) => definition.repartitionTopics.has(topic))
  return {
    id: group.id,
    nodes: group.nodes.map((node) => withFullNames(node, topicName)),
    stores: stores.map(({ definition, changelogTopic }) => ({ definition, changelogTopic })),
    sourceTopics: topics.map(topicName),
    sourcePatterns: sources.flatMap(patternOf),
    sinkTopics: distinct(
      group.nodes.flatMap((node) => (node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : [])),
    ).map(topicName),
    repartitionSourceTopics: byName(
      repartitionTopics.map((topic) =>
        repartitionTopic(topicName(topic), definition.repartitionTopics.get(topic)!.partitions, options),
      ),
    ),
    changelogTopics: byName(stores.flatMap(({ internal }) => internal ?? [])),
  }
}

/** A pattern that matches what the application writes for itself would make its state an input of its own. */
function requireOthersTopics(subTopologies: readonly SubTopology[]): void {
  const internal = subTopologies.flatMap((sub) => [
    ...sub.repartitionSourceTopics.keys(),
    ...sub.changelogTopics.keys(),
  ])
  for (const node of subTopologies.flatMap((sub) => sub.nodes)) {
    if (node.kind !== 'source' || !(node.topics instanceof RegExp)) continue
    const { topics: pattern } = node
    const topic = internal.find((name) => matchesTopic(pattern, name))
    if (topic === undefined) continue
    throw new TopologyError(
      'INVALID_TOPOLOGY',
      `source "${node.name}" reads the topics that match ${String(pattern)}, and "${topic}" is one of them, which the application writes ` +
        'for itself: it would read its own state. Change the pattern, or the applicationId, with which such topics begin',
      { operator: node.name, topic },
    )
  }
}

function withFullNames(node: NodeDefinition, topicName: (topic: string) => string): NodeDefinition {
  if (node.kind === 'source' && !(node.topics instanceof RegExp)) return { ...node, topics: node.topics.map(topicName) }
  if (node.kind === 'sink' && typeof node.topic === 'string') return { ...node, topic: topicName(node.topic) }
  return node
}

/** In the order in which the nodes reach them, which is the order in which they are flushed. */
function storesOf(nodes: readonly NodeDefinition[], definition: TopologyDefinition): StoreDefinition[] {
  const names = nodes.flatMap((node) => (node.kind === 'processor' ? node.stores : []))
  return distinct(names).map((name) => definition.stores.get(name)!)
}

function withChangelog(
  definition: StoreDefinition,
  options: CompileOptions,
): { definition: StoreDefinition; changelogTopic: string | null; internal?: InternalTopic } {
  const { builder, sourceTopicAsChangelog } = definition
  if (sourceTopicAsChangelog !== undefined) return { definition, changelogTopic: sourceTopicAsChangelog }
  if (!builder.loggingEnabled) return { definition, changelogTopic: null }
  const internal = changelogTopic(`${options.applicationId}-${builder.name}-changelog`, builder, options)
  return { definition, changelogTopic: internal.name, internal }
}

/** Groups that share a source are one: its partition count binds them all. */
function copartitionGroups(
  definition: TopologyDefinition,
  topicName: (topic: string) => string,
): readonly CopartitionGroup[] {
  const sources = new Map(
    definition.nodes.flatMap((node) => (node.kind === 'source' ? [[node.name, node] as const] : [])),
  )
  let groups: CopartitionGroup[] = []
  for (const { operator, sources: names } of definition.copartitionGroups) {
    const members = names.map((name) => sources.get(name)!)
    const topics = distinct(members.flatMap(namedTopics).map(topicName))
    const patterns = distinct(members.flatMap(patternOf))
    const overlapping = groups.filter((group) => share(group.topics, topics) || share(group.patterns, patterns))
    groups = groups.filter((group) => !overlapping.includes(group))
    groups.push({
      operator: distinct([...overlapping.flatMap((group) => group.operator.split(', ')), operator]).join(', '),
      topics: distinct([...overlapping.flatMap((group) => group.topics), ...topics]),
      patterns: distinct([...overlapping.flatMap((group) => group.patterns), ...patterns]),
    })
  }
  return groups
}

function share<T>(some: readonly T[], others: readonly T[]): boolean {
  return some.some((item) => others.includes(item))
}

function namedTopics(source: SourceDefinition): readonly string[] {
  return source.topics instanceof RegExp ? [] : source.topics
}

function patternOf({ topics }: SourceDefinition): readonly RegExp[] {
  return topics instanceof RegExp ? [topics] : []
}

function byName(topics: readonly InternalTopic[]): ReadonlyMap<string, InternalTopic> {
  return new Map(topics.map((topic) => [topic.name, topic]))
}

function distinct<T>(items: Iterable<T>): T[] {
  return [...new Set(items)]
}
