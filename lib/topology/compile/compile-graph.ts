import { DefinitionBuilder } from '../definition-builder'
import type { LogicalGraph } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import type { GraphNode } from '../graph/nodes'
import { type Optimization, optimize } from '../optimize/optimize'
import { type Compilation, parentNames } from './compilation'
import { compileStreamStreamJoin, compileStreamTableJoin, compileTableJoin } from './joins'
import { sourcesOf } from './join-requirements'
import { processorOf } from './processors'
import { planTables } from './table-plans'
import { compileGlobalStore, compileRepartition, compileSink, compileSource, compileTableSource } from './topics'
import { valueGetters } from './value-getters'

/**
 * Compiles the graph of DSL calls into a topology. This is the only place where nodes become operators. Of the nodes whose
 * parents are compiled, the one added first comes next: this determines the numbers of sub-topologies, and which child gets
 * a record first.
 *
 * @throws TopologyError DUPLICATE_NAME, TOPIC_ALREADY_REGISTERED, UNKNOWN_STORE, INVALID_TOPOLOGY
 */
export function compileGraph(recorded: LogicalGraph, optimizations: ReadonlySet<Optimization>): DefinitionBuilder {
  const plans = planTables(recorded)
  const graph = optimize(recorded, optimizations)
  const builder = new DefinitionBuilder()
  for (const store of graph.stores) builder.addStateStore(graph.storesByHandle.get(store) ?? store)
  const names = new Map(graph.nodes.map(({ id, name }) => [id, name]))
  const compilation = { graph, plans, builder, names, rowsOf: valueGetters(graph, plans) }
  for (const node of inBuildOrder(graph)) compileNode(node, compilation)
  return builder
}

function compileNode(node: GraphNode, compilation: Compilation): void {
  const { graph, builder } = compilation
  switch (node.kind) {
    case 'stream-source':
    case 'internal-source':
      return compileSource(node, builder)
    case 'sink':
      return compileSink(node, compilation)
    case 'repartition':
      return compileRepartition(node, compilation)
    case 'global-store':
      return compileGlobalStore(node, builder)
    case 'table-source':
      return compileTableSource(node, compilation)
    case 'stream-table-join':
    case 'subscription-join':
    case 'response-join':
      return compileStreamTableJoin(node, compilation)
    case 'stream-stream-join':
      return compileStreamStreamJoin(node, compilation)
    case 'table-join':
      return compileTableJoin(node, compilation)
    default: {
      const { stores = [], ...processor } = processorOf(node, compilation)
      if (node.kind === 'cogroup-merge') builder.copartition(node.name, sourcesOf(graph, node.copartitioned))
      return builder.addProcessor({ name: node.name, parents: parentNames(node, compilation), ...processor }, stores)
    }
  }
}

function inBuildOrder(graph: LogicalGraph): GraphNode[] {
  const compiled = new Set<NodeId>()
  const ordered: GraphNode[] = []
  let waiting = [...graph.nodes].sort((a, b) => a.priority - b.priority)
  while (waiting.length > 0) {
    const next = waiting.find((node) => node.parents.every((parent) => compiled.has(parent)))
    if (!next) throw new Error(`no node of ${waiting.map(({ name }) => name).join(', ')} has all of its parents`)
    compiled.add(next.id)
    ordered.push(next)
    waiting = waiting.filter((node) => node !== next)
  }
  return ordered
}
