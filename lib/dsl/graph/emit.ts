import { BranchOperator } from '../../operators/branch'
import { PassThroughOperator } from '../../operators/pass-through'
import { RepartitionFilterOperator } from '../../operators/repartition-filter'
import { TableSourceOperator } from '../../operators/table-source'
import { DefinitionBuilder } from '../../topology/definition-builder'
import type { StoreReference } from '../../topology/store-reference'
import { failOnInvalidTimestamp } from '../../topology/timestamp-extractors'
import type { LogicalGraph } from './logical-graph'
import type {
  BranchNode,
  BranchTargetNode,
  GraphNode,
  NodeId,
  RepartitionNode,
  SourceSettings,
  TableSourceNode,
} from './nodes'
import type { TablePlan, TablePlans } from './old-values'

/**
 * Writes a graph into a topology. Of the nodes whose parents are written, the one that was added first comes next: this
 * decides the numbers of sub-topologies, and which child gets a record first.
 */
export function emit(graph: LogicalGraph, plans: TablePlans): DefinitionBuilder {
  const builder = new DefinitionBuilder()
  for (const store of graph.stores) builder.addStateStore(graph.storesByHandle.get(store) ?? store)
  const names = new Map(graph.nodes.map(({ id, name }) => [id, name]))
  for (const node of inBuildOrder(graph)) {
    const parents = node.parents.map((parent) => names.get(parent)!)
    emitNode(node, parents, { graph, plans, builder })
  }
  return builder
}

interface Emission {
  readonly graph: LogicalGraph
  readonly plans: TablePlans
  readonly builder: DefinitionBuilder
}

function emitNode(node: GraphNode, parents: readonly string[], { graph, plans, builder }: Emission): void {
  const { name } = node
  switch (node.kind) {
    case 'stream-source':
      return builder.addSource({ name, topics: node.topics, ...node.settings })
    case 'table-source':
      return emitTableSource(node, plans.get(node.id)!, builder)
    case 'stream-to-table': {
      const plan = plans.get(node.id)!
      const store = plan.stored ? node.store.builder : null
      const supplier = () => new TableSourceOperator(store?.name ?? null, plan)
      return builder.addProcessor({ name, parents, supplier }, store ? [store] : [])
    }
    case 'processor':
      return builder.addProcessor(
        { name, parents, supplier: node.supplier },
        node.stores?.map((store) => ownStore(store, graph)),
      )
    case 'branch':
      return emitBranch(node, parents, graph, builder)
    case 'branch-target':
      return builder.addProcessor({ name, parents, supplier: () => new PassThroughOperator() })
    case 'sink': {
      const { topic, keySerde, valueSerde, partitioner } = node
      return builder.addSink({ name, parents, topic, keySerde, valueSerde, partitioner })
    }
    case 'repartition':
      return emitRepartition(node, parents, builder)
    case 'aggregate':
    case 'table-view': {
      const plan = plans.get(node.id)!
      return builder.addProcessor(
        { name, parents, supplier: () => node.operator(plan) },
        node.store ? [node.store] : [],
      )
    }
  }
}

function ownStore(store: StoreReference, graph: LogicalGraph): StoreReference {
  return typeof store === 'string' ? store : (graph.storesByHandle.get(store) ?? store)
}

function emitTableSource(node: TableSourceNode, plan: TablePlan, builder: DefinitionBuilder): void {
  const store = plan.stored ? node.store.builder : null
  builder.addSource({ name: node.sourceName, topics: [node.topic], ...node.settings })
  const supplier = () => new TableSourceOperator(store?.name ?? null, plan)
  builder.addProcessor({ name: node.name, parents: [node.sourceName], supplier }, store ? [store] : [])
  if (store && node.topicAsChangelog) builder.useSourceTopicAsChangelog(store.name, node.topic)
}

function emitBranch(
  node: BranchNode,
  parents: readonly string[],
  graph: LogicalGraph,
  builder: DefinitionBuilder,
): void {
  const targets = graph.nodes.filter(
    (child): child is BranchTargetNode => child.kind === 'branch-target' && child.parents.includes(node.id),
  )
  const conditional = targets.filter(({ predicate }) => predicate !== null)
  const predicates = conditional.map(({ predicate }) => predicate!)
  const children = conditional.map(({ name }) => name)
  const fallback = targets.find(({ predicate }) => predicate === null)?.name ?? null
  builder.addProcessor({ name: node.name, parents, supplier: () => new BranchOperator(predicates, children, fallback) })
}

function emitRepartition(node: RepartitionNode, parents: readonly string[], builder: DefinitionBuilder): void {
  const { name, topic, sinkName, filterName, keySerde, valueSerde, partitioner, partitions } = node
  builder.addRepartitionTopic(topic, { partitions })
  if (filterName !== undefined) {
    // No operator below has a result for a record without a key, and its partition would be a random one.
    builder.addProcessor({ name: filterName, parents, supplier: () => new RepartitionFilterOperator(true) })
  }
  const sinkParents = filterName === undefined ? parents : [filterName]
  builder.addSink({ name: sinkName, parents: sinkParents, topic, keySerde, valueSerde, partitioner })
  const settings: SourceSettings = { keySerde, valueSerde, timestampExtractor: failOnInvalidTimestamp }
  builder.addSource({ name, topics: [topic], ...settings })
}

function inBuildOrder(graph: LogicalGraph): GraphNode[] {
  const written = new Set<NodeId>()
  const ordered: GraphNode[] = []
  let waiting = [...graph.nodes].sort((a, b) => a.priority - b.priority)
  while (waiting.length > 0) {
    const next = waiting.find((node) => node.parents.every((parent) => written.has(parent)))
    if (!next) throw new Error(`no node of ${waiting.map(({ name }) => name).join(', ')} has all of its parents`)
    written.add(next.id)
    ordered.push(next)
    waiting = waiting.filter((node) => node !== next)
  }
  return ordered
}
