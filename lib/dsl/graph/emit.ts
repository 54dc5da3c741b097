import { BranchOperator } from '../../operators/branch'
import { PassThroughOperator } from '../../operators/pass-through'
import { RepartitionFilterOperator } from '../../operators/repartition-filter'
import { TableJoinOperator } from '../../operators/table-join'
import { TableJoinMergeOperator } from '../../operators/table-join-merge'
import { TableSourceOperator } from '../../operators/table-source'
import { DefinitionBuilder } from '../../topology/definition-builder'
import type { StoreReference } from '../../topology/store-reference'
import { failOnInvalidTimestamp } from '../../topology/timestamp-extractors'
import { leadsToNullKeyJoin, requireHistory, sourcesOf } from './joins'
import type { LogicalGraph } from './logical-graph'
import type {
  BranchNode,
  BranchTargetNode,
  GraphNode,
  NodeId,
  RepartitionNode,
  SourceSettings,
  StreamStreamJoinNode,
  StreamTableJoinNode,
  TableJoinNode,
  TableSourceNode,
} from './nodes'
import type { TablePlan, TablePlans } from './old-values'
import { valueGetters } from './value-getters'

/**
 * Writes a graph into a topology. Of the nodes whose parents are written, the one that was added first comes next: this
 * decides the numbers of sub-topologies, and which child gets a record first.
 */
export function emit(graph: LogicalGraph, plans: TablePlans): DefinitionBuilder {
  const builder = new DefinitionBuilder()
  for (const store of graph.stores) builder.addStateStore(graph.storesByHandle.get(store) ?? store)
  const names = new Map(graph.nodes.map(({ id, name }) => [id, name]))
  const emission = { graph, plans, builder, names, rowsOf: valueGetters(graph, plans) }
  for (const node of inBuildOrder(graph)) {
    const parents = node.parents.map((parent) => names.get(parent)!)
    emitNode(node, parents, emission)
  }
  return builder
}

interface Emission {
  readonly graph: LogicalGraph
  readonly plans: TablePlans
  readonly builder: DefinitionBuilder
  readonly names: ReadonlyMap<NodeId, string>
  readonly rowsOf: ReturnType<typeof valueGetters>
}

function emitNode(node: GraphNode, parents: readonly string[], emission: Emission): void {
  const { graph, plans, builder } = emission
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
      const { topic, keySerde, valueSerde, lostFormat, partitioner } = node
      return builder.addSink({ name, parents, topic, keySerde, valueSerde, lostFormat, partitioner })
    }
    case 'repartition':
      return emitRepartition(node, parents, graph, builder)
    case 'aggregate':
    case 'table-view': {
      const plan = plans.get(node.id)!
      if (node.kind === 'table-view' && node.copartitioned) {
        builder.copartition(name, sourcesOf(graph, node.copartitioned))
      }
      const others = node.kind === 'table-view' ? (node.stores ?? []) : []
      return builder.addProcessor({ name, parents, supplier: () => node.operator(plan) }, [
        ...(node.store ? [node.store] : []),
        ...others.map((store) => ownStore(store, graph)),
      ])
    }
    case 'table-join':
      return emitTableJoin(node, emission)
    case 'internal-source': {
      const { topic, keySerde, valueSerde } = node
      builder.addRepartitionTopic(topic, {})
      return builder.addSource({
        name,
        topics: [topic],
        keySerde,
        valueSerde,
        timestampExtractor: failOnInvalidTimestamp,
      })
    }
    case 'stream-table-join':
      return emitStreamTableJoin(node, parents, emission)
    case 'stream-stream-join':
      return emitStreamStreamJoin(node, emission)
    case 'global-store': {
      const { sourceName, topic, settings, store, supplier, holdsTopic } = node
      return builder.addGlobalStore(store, { name: sourceName, topic, ...settings }, { name, supplier }, holdsTopic)
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

function emitTableJoin(node: TableJoinNode, { graph, plans, builder, names, rowsOf }: Emission): void {
  const { name, leftName, rightName, join, store } = node
  const plan = plans.get(node.id)!
  const [left, right] = [rowsOf(node.left), rowsOf(node.right)]
  const leftSupplier = () => new TableJoinOperator(join, 'left', right, plan)
  const rightSupplier = () => new TableJoinOperator(join, 'right', left, plan)
  const supplier = () => new TableJoinMergeOperator(store?.name ?? null, plan)
  builder.addProcessor({ name: leftName, parents: [names.get(node.left)!], supplier: leftSupplier }, right.stores)
  builder.addProcessor({ name: rightName, parents: [names.get(node.right)!], supplier: rightSupplier }, left.stores)
  builder.addProcessor({ name, parents: [leftName, rightName], supplier }, store ? [store] : [])
  builder.copartition(name, sourcesOf(graph, [node.left, node.right]))
}

function emitStreamTableJoin(node: StreamTableJoinNode, parents: readonly string[], emission: Emission): void {
  const { graph, builder, rowsOf } = emission
  const { name, operator, waiting, table } = node
  const rows = rowsOf(table)
  if (waiting) requireHistory(name, rows.stores, waiting.graceMs)
  const stores = waiting ? [waiting.buffer, ...rows.stores] : rows.stores
  builder.addProcessor({ name, parents, supplier: () => operator(rows) }, stores)
  builder.copartition(name, sourcesOf(graph, [...node.parents, table]))
}

function emitStreamStreamJoin(node: StreamStreamJoinNode, { graph, builder, names }: Emission): void {
  const { name, left, right, selfJoin } = node
  const leftParents = [names.get(left.window)!]
  if (node.selfJoined) {
    builder.addProcessor({ name, parents: leftParents, supplier: selfJoin.supplier }, selfJoin.stores)
  } else {
    builder.addProcessor({ name: left.name, parents: leftParents, supplier: left.supplier }, left.stores)
    const rightParents = [names.get(right.window)!]
    builder.addProcessor({ name: right.name, parents: rightParents, supplier: right.supplier }, right.stores)
    builder.addProcessor({ name, parents: [left.name, right.name], supplier: () => new PassThroughOperator() })
  }
  builder.copartition(name, sourcesOf(graph, node.parents))
}

function emitRepartition(
  node: RepartitionNode,
  parents: readonly string[],
  graph: LogicalGraph,
  builder: DefinitionBuilder,
): void {
  const { name, topic, sinkName, filterName, keySerde, valueSerde, partitioner, partitions } = node
  builder.addRepartitionTopic(topic, { partitions })
  if (filterName !== undefined) {
    // A record without a key goes to a random partition: only where a join below has a result for it.
    const dropNullKeys = !leadsToNullKeyJoin(graph, node.id)
    builder.addProcessor({ name: filterName, parents, supplier: () => new RepartitionFilterOperator(dropNullKeys) })
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
