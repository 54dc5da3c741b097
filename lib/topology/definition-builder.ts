import { type ErrorCode, type ErrorLocation, TopologyError } from '../errors'
import type { StateStore, StoreBuilder } from '../state/store'
import type {
  GlobalStoreDefinition,
  NodeDefinition,
  ProcessorDefinition,
  RepartitionTopicDefinition,
  SinkDefinition,
  SourceDefinition,
  StoreDefinition,
  TopologyDefinition,
} from './definition'
import { storeName, type StoreReference } from './store-reference'
import { matchesTopic } from './topic-pattern'

interface TopicPartitions {
  readonly topic: string
  readonly partitions: number
}

interface StoreEntry {
  readonly builder: StoreBuilder<StateStore>
  readonly processors: Set<string>
  sourceTopicAsChangelog?: string
}

/** Takes the parts of a topology one by one, checks each against those before it, and gives them as a definition. */
export class DefinitionBuilder {
  private readonly nodes = new Map<string, NodeDefinition>()
  private readonly stores = new Map<string, StoreEntry>()
  private readonly globalStores = new Map<string, GlobalStoreDefinition>()
  private readonly repartitionTopics = new Map<string, RepartitionTopicDefinition>()
  private readonly copartitionGroups: { operator: string; sources: readonly string[] }[] = []
  private readonly sourceByTopic = new Map<string, string>()
  private readonly sourcePatterns: { source: string; pattern: RegExp }[] = []

  addSource(source: Omit<SourceDefinition, 'kind'>): void {
    this.requireNewName(source.name)
    if (source.topics instanceof RegExp) this.registerPattern(source.name, source.topics)
    else this.registerTopics(source.name, source.topics)
    this.nodes.set(source.name, { kind: 'source', ...source })
  }

  addProcessor(processor: Omit<ProcessorDefinition, 'kind' | 'stores'>, stores: readonly StoreReference[] = []): void {
    this.requireNewName(processor.name)
    this.requireParents('processor', processor.name, processor.parents)
    this.nodes.set(processor.name, { kind: 'processor', ...processor, stores: [] })
    this.connect(processor.name, stores)
  }

  addSink(sink: Omit<SinkDefinition, 'kind'>): void {
    this.requireNewName(sink.name)
    this.requireParents('sink', sink.name, sink.parents)
    this.nodes.set(sink.name, { kind: 'sink', ...sink })
  }

  /** A store fed by a source and a processor of its own, which nothing else can follow. */
  addGlobalStore(
    builder: StoreBuilder<StateStore>,
    source: Omit<SourceDefinition, 'kind' | 'topics'> & { readonly topic: string },
    processor: Omit<ProcessorDefinition, 'kind' | 'stores' | 'parents'>,
    holdsTopic: boolean,
  ): void {
    const { topic, ...settings } = source
    const { name } = builder
    if (builder.expiry !== undefined) {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        `"${name}" is a global store, and its rows are those of its topic: drop its ttl, and delete rows by tombstones in the topic`,
        { operator: processor.name, store: name },
      )
    }
    if (this.stores.has(name) || this.globalStores.has(name)) {
      throw new TopologyError(
        'DUPLICATE_NAME',
        `a store named "${name}" has been added already: give one of the two another name`,
        { operator: processor.name, store: name },
      )
    }
    if (typeof topic !== 'string') {
      fail(
        'INVALID_ARGUMENT',
        `a global store is fed from one topic, given by its name, and not from ${String(topic)}`,
        source.name,
      )
    }
    this.addSource({ ...settings, topics: [topic] })
    this.requireNewName(processor.name)
    this.nodes.set(processor.name, { kind: 'processor', ...processor, parents: [source.name], stores: [name] })
    this.globalStores.set(name, { builder, topic, source: source.name, processor: processor.name, holdsTopic })
  }

  /** Adding the same builder again changes nothing; another one of that name is an error. */
  addStateStore(builder: StoreBuilder<StateStore>, processors: readonly string[] = []): void {
    if (this.globalStores.has(builder.name)) {
      throw new TopologyError(
        'DUPLICATE_NAME',
        `"${builder.name}" is a global store, which every processor can read without being connected: leave it out of the ` +
          'stores of a processor, or give one of the two another name',
        { store: builder.name },
      )
    }
    const known = this.stores.get(builder.name)
    if (known && known.builder !== builder) {
      throw new TopologyError(
        'DUPLICATE_NAME',
        `a different store named "${builder.name}" has been added already: give one of the two another name`,
        { store: builder.name },
      )
    }
    if (!known) this.stores.set(builder.name, { builder, processors: new Set() })
    if (!known && builder.expiry) this.addStateStore(builder.expiry.index)
    for (const processor of processors) this.connect(processor, [builder.name])
  }

  /** Stores given as builders are added where they aren't known yet. */
  connect(processorName: string, stores: readonly StoreReference[]): void {
    const node = this.nodes.get(processorName)
    if (node?.kind !== 'processor') {
      const problem = node ? `"${processorName}" is a ${node.kind}` : `there is no processor "${processorName}" yet`
      throw new TopologyError(
        node ? 'INVALID_TOPOLOGY' : 'UNKNOWN_PARENT',
        `stores can only be connected to processors, and ${problem}`,
        {
          operator: processorName,
        },
      )
    }
    const names = new Set(node.stores)
    const connectTo = (entry: StoreEntry): void => {
      entry.processors.add(processorName)
      names.add(entry.builder.name)
    }
    for (const store of stores) {
      if (typeof store !== 'string') this.addStateStore(store)
      const name = storeName(store)
      const entry = this.stores.get(name)
      if (!entry && this.globalStores.has(name)) {
        fail(
          'INVALID_TOPOLOGY',
          `"${name}" is a global store: every processor can read it, and it is connected to none`,
          processorName,
        )
      }
      if (!entry) throw unknownStore(processorName, name, [...this.stores.keys()])
      connectTo(entry)
      const { expiry } = entry.builder
      if (expiry) connectTo(this.stores.get(expiry.index.name)!)
    }
    this.nodes.set(processorName, { ...node, stores: [...names] })
  }

  /** The topic is the changelog of a store that holds nothing but its records. */
  useSourceTopicAsChangelog(store: string, topic: string): void {
    this.stores.get(store)!.sourceTopicAsChangelog = topic
  }

  addRepartitionTopic(topic: string, settings: RepartitionTopicDefinition): void {
    this.repartitionTopics.set(topic, settings)
  }

  /** Counts that the user gave are compared at once; those of other topics are known only where it runs. */
  copartition(operator: string, sources: readonly string[]): void {
    const given = sources.flatMap((source) => this.partitionsGiven(source))
    const [first] = given
    const other = given.find(({ partitions }) => partitions !== first!.partitions)
    if (first && other) throw unequalCounts(operator, first, other)
    this.copartitionGroups.push({ operator, sources })
  }

  build(): TopologyDefinition {
    const stores = new Map<string, StoreDefinition>()
    for (const [name, entry] of this.stores)
      stores.set(name, Object.freeze({ ...entry, processors: new Set(entry.processors) }))
    return Object.freeze({
      nodes: Object.freeze([...this.nodes.values()].map((node) => Object.freeze(node))),
      stores,
      globalStores: new Map(this.globalStores),
      repartitionTopics: new Map(this.repartitionTopics),
      copartitionGroups: Object.freeze([...this.copartitionGroups]),
    })
  }

  private partitionsGiven(source: string): TopicPartitions[] {
    const node = this.nodes.get(source)
    if (node?.kind !== 'source' || node.topics instanceof RegExp) return []
    return node.topics.flatMap((topic) => {
      const partitions = this.repartitionTopics.get(topic)?.partitions
      return partitions === undefined ? [] : [{ topic, partitions }]
    })
  }

  private requireNewName(name: string): void {
    if (typeof name !== 'string' || name === '') {
      throw new TopologyError('INVALID_NAME', 'a node of a topology needs a name that is not empty')
    }
    const known = this.nodes.get(name)
    if (known)
      fail('DUPLICATE_NAME', `there is a ${known.kind} named "${name}" already: names are unique in a topology`, name)
  }

  private requireParents(kind: 'processor' | 'sink', name: string, parents: readonly string[]): void {
    if (parents.length === 0)
      fail('UNKNOWN_PARENT', `${kind} "${name}" needs at least one parent to get records from`, name)
    for (const parent of parents) {
      if (parent === name) fail('UNKNOWN_PARENT', `${kind} "${name}" cannot be its own parent`, name)
      const node = this.nodes.get(parent)
      if (!node) {
        fail(
          'UNKNOWN_PARENT',
          `${kind} "${name}" names "${parent}" as its parent, which has not been added: add parents first`,
          name,
        )
      }
      if (this.isGlobal(parent)) {
        fail(
          'INVALID_TOPOLOGY',
          `${kind} "${name}" names "${parent}" as its parent, which feeds a global store: nothing can follow it`,
          name,
        )
      }
      if (node.kind === 'sink') {
        fail(
          'UNKNOWN_PARENT',
          `${kind} "${name}" names the sink "${parent}" as its parent, and nothing comes after a sink`,
          name,
        )
      }
    }
    const twice = parents.find((parent, i) => parents.indexOf(parent) !== i)
    if (twice !== undefined) fail('UNKNOWN_PARENT', `${kind} "${name}" names "${twice}" as its parent twice`, name)
  }

  private isGlobal(name: string): boolean {
    return [...this.globalStores.values()].some(({ source, processor }) => name === source || name === processor)
  }

  private registerTopics(source: string, topics: readonly string[]): void {
    if (topics.length === 0) fail('INVALID_ARGUMENT', `source "${source}" needs at least one topic`, source)
    for (const topic of topics) {
      if (typeof topic !== 'string' || topic === '')
        fail('INVALID_ARGUMENT', `source "${source}" has a topic without a name`, source)
      const other =
        this.sourceByTopic.get(topic) ?? this.sourcePatterns.find(({ pattern }) => matchesTopic(pattern, topic))?.source
      if (other !== undefined) throw topicTaken(source, topic, other)
      this.sourceByTopic.set(topic, source)
    }
  }

  private registerPattern(source: string, pattern: RegExp): void {
    for (const [topic, other] of this.sourceByTopic) {
      if (matchesTopic(pattern, topic)) throw topicTaken(source, topic, other, ` with its pattern ${pattern.source}`)
    }
    this.sourcePatterns.push({ source, pattern })
  }
}

function fail(code: ErrorCode, message: string, operator: string): never {
  const location: ErrorLocation = { operator }
  throw new TopologyError(code, message, location)
}

function unknownStore(operator: string, store: string, known: readonly string[]): TopologyError {
  const others = known.length > 0 ? `known stores: ${known.join(', ')}` : 'no store has been added yet'
  return new TopologyError(
    'UNKNOWN_STORE',
    `processor "${operator}" asks for the store "${store}", which has not been added (${others}): ` +
      'add it with addStateStore first, or pass its handle instead of its name',
    { operator, store },
  )
}

function unequalCounts(operator: string, a: TopicPartitions, b: TopicPartitions): TopologyError {
  return new TopologyError(
    'NOT_COPARTITIONED',
    `${operator} needs the same number of partitions on both sides, but repartition() gives "${a.topic}" ${a.partitions} and ` +
      `"${b.topic}" ${b.partitions}: equal keys would be in different tasks. Give both the same number`,
    { operator, topic: a.topic },
  )
}

function topicTaken(source: string, topic: string, other: string, how = ''): TopologyError {
  return new TopologyError(
    'TOPIC_ALREADY_REGISTERED',
    `source "${source}" reads topic "${topic}"${how}, which source "${other}" reads already. ` +
      'A topology reads a topic once: use the stream or table twice, or make the one of the other, with toTable() or toStream(); ' +
      'with addSource, give further processors the first source as their parent',
    { operator: source, topic },
  )
}
