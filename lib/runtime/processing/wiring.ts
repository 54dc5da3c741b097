import { StreamsError } from '../../errors'
import type { ExpiringStore } from '../../state/expiry/expiring-store'
import type { ManagedStore } from '../../state/store'
import { keySerdeOf, valueSerdeOf } from '../../serdes/open-serde'
import { shortcutsOf } from '../../serdes/shortcuts'
import type { IdleInputs, SinkDefinition, SourceDefinition, SubTopology } from '../../topology/definition'
import type { DropReason } from '../../record/drop-reason'
import { readsTopic } from '../../topology/topic-pattern'
import { type Child, someReadValues } from './child'
import { measured, measuredExtractor } from './measured-node'
import { ProcessorNode } from './processor-node'
import type { Punctuations } from './punctuation'
import { SinkNode } from './sink-node'
import { type SerdeDefaults, SourceNode } from './source-node'
import { expiringStores, reportReads } from './store-views'
import type { TaskContext } from './task-context'
import { tracedSink, traceSource } from './traced-node'
import { failOnInvalidTimestamp } from '../../topology/timestamp-extractors'

/** The nodes of a task, linked. */
export interface Wiring {
  /** In the order in which they were added to the topology. */
  readonly processors: readonly ProcessorNode[]
  /** In the order in which processors first use them: the order of cache flushes. */
  readonly stores: readonly ManagedStore[]
  /** Stores whose rows expire: to be opened before the processors are. */
  readonly expiring: readonly ExpiringStore<unknown, unknown>[]
  source(topic: string): SourceNode
  /** Sub-topologies whose stream time advances when their inputs are idle, the first first. */
  readonly idle: readonly IdleNodes[]
}

export interface IdleNodes {
  readonly settings: IdleInputs
  readonly sources: ReadonlySet<SourceNode>
  readonly processors: readonly ProcessorNode[]
}

export const wire = (
  subTopologies: readonly SubTopology[],
  stores: readonly ManagedStore[],
  task: TaskContext,
  punctuations: Punctuations,
): Wiring => {
  const sources: Array<{ definition: SourceDefinition; node: SourceNode }> = []
  const processors: ProcessorNode[] = []
  const parents = new Map<string, SourceNode | ProcessorNode>()
  const link = (child: Child, names: readonly string[], sideOutput = false): void => {
    for (const name of names) parents.get(name)!.addChild(child, sideOutput)
  }
  const storesInUse = new Set<string>()
  const expiring = expiringStores(subTopologies, task)
  const idle: IdleNodes[] = []
  const { deserializationExceptionHandler, processingExceptionHandler, productionExceptionHandler } = task.config
  /** `handler`: decides whether an error of the node drops the record. */
  const countDrops = (node: string, handler: unknown, reasons: readonly DropReason[] = []): void =>
    task.recordCounts.mayDrop(node, handler === undefined ? reasons : [...reasons, 'error'])

  for (const sub of subTopologies) {
    const forwarding = new Set(sub.nodes.flatMap((node) => (node.kind === 'source' ? [] : node.parents)))
    const firstSource = sources.length
    const firstProcessor = processors.length
    for (const definition of sub.nodes) {
      const { name } = definition
      if (definition.kind === 'source') {
        const node = sourceNode(definition, sub, task)
        sources.push({ definition, node })
        const checksTimestamps = node.timestampExtractor !== failOnInvalidTimestamp
        countDrops(name, deserializationExceptionHandler, checksTimestamps ? ['invalid-timestamp'] : [])
        parents.set(name, node)
      } else if (definition.kind === 'processor') {
        const connected = sub.stores.filter((store) => store.definition.processors.has(name))
        const names = new Set(connected.map((store) => store.definition.builder.name))
        for (const store of names) storesInUse.add(store)
        const ending = expiring.filter((store) => names.has(store.name))
        const node = new ProcessorNode(name, definition.supplier(), task, punctuations, names, ending)
        if (node.keptStore !== undefined) reportReads(node.keptStore, node, task)
        processors.push(node)
        countDrops(name, processingExceptionHandler, node.dropReasons)
        parents.set(name, node)
        link(measured(node, task.sensors, !forwarding.has(name)), definition.parents, definition.sideOutput)
      } else {
        const newNode = sinkNodes(definition, task)
        countDrops(name, productionExceptionHandler, definition.partitioner === undefined ? [] : ['no-partition'])
        for (const parent of definition.parents) link(tracedSink(newNode(parents.get(parent)!), task), [parent])
      }
    }
    if (sub.idle === undefined) continue
    idle.push({
      settings: sub.idle,
      sources: new Set(sources.slice(firstSource).map(({ node }) => node)),
      processors: processors.slice(firstProcessor),
    })
  }

  for (const { node } of sources) traceSource(node, task)
  for (const { node } of sources) node.skipsValues = maySkipValues(node, task)

  const byName = new Map(stores.map((store) => [store.name, store]))
  for (const name of byName.keys()) storesInUse.add(name)
  return {
    processors,
    expiring,
    idle: idle.sort((a, b) => a.settings.hops - b.settings.hops),
    stores: [...storesInUse].flatMap((name) => byName.get(name) ?? []),
    source: (topic) => {
      const found = sources.find(({ definition }) => readsTopic(definition.topics, topic))
      if (found) return found.node
      throw new StreamsError('ILLEGAL_STATE', `no source of task ${task.taskId} reads topic "${topic}"`, {
        taskId: task.taskId,
        topic,
      })
    },
  }
}

const sourceNode = (definition: SourceDefinition, sub: SubTopology, task: TaskContext): SourceNode => {
  const { name, topics } = definition
  const isInternal = !(topics instanceof RegExp) && topics.some((topic) => sub.repartitionSourceTopics.has(topic))
  return new SourceNode({
    name,
    keySerde: keySerdeOf(definition.keySerde, task),
    valueSerde: valueSerdeOf(definition.valueSerde, task),
    usesDefault: defaultsOf(definition),
    timestampExtractor:
      definition.timestampExtractor ??
      (isInternal ? undefined : task.config.defaultTimestampExtractor) ??
      failOnInvalidTimestamp,
    // of a repartition topic: that of its sub-topology
    idleAfterMs:
      definition.idleAfterMs ?? (isInternal && sub.idle ? sub.idle.afterMs * (sub.idle.hops + 1) : undefined),
  })
}

/** Makes the nodes of a sink: one for each of its parents. */
const sinkNodes = (
  definition: SinkDefinition,
  task: TaskContext,
): ((parent: SourceNode | ProcessorNode) => SinkNode) => {
  const { name, partitioner } = definition
  const topic =
    typeof definition.topic === 'string' ? definition.topic : measuredExtractor(name, definition.topic, task.sensors)
  const keySerde = keySerdeOf<unknown>(definition.keySerde, task)
  const valueSerde = valueSerdeOf<unknown>(definition.valueSerde, task)
  const usesDefault = defaultsOf(definition)
  const sensor = task.sensors?.node(name, true, typeof topic === 'string' ? topic : undefined)
  if (typeof topic === 'string') {
    task.preparation.add(keySerde, topic, 'sink')
    task.preparation.add(valueSerde, topic, 'sink')
  }
  const options = { name, topic, keySerde, valueSerde, usesDefault, partitioner, task, sensor }
  return (parent) => new SinkNode({ ...options, parent: parent instanceof ProcessorNode ? parent : undefined })
}

const maySkipValues = (source: SourceNode, { config }: TaskContext): boolean =>
  shortcutsOf(source.valueSerde).readsAnything === true &&
  source.timestampExtractor === failOnInvalidTimestamp &&
  // it gets the whole record
  config.processingExceptionHandler === undefined &&
  !someReadValues(source.children)

const defaultsOf = ({ keySerde, valueSerde }: SourceDefinition | SinkDefinition): SerdeDefaults => ({
  key: keySerde === undefined,
  value: valueSerde === undefined,
})
