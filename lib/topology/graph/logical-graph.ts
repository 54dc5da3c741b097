import type { StateStore, StoreBuilder } from '../../state/store'
import type { NodeId } from './node'
import type { GraphNode } from './nodes'

/**
 * What the DSL calls said, as data: each call added nodes, none changes later. Passes turn a graph into another, and
 * `compileGraph` makes the operators of the last one.
 */
export interface LogicalGraph {
  /** In the order of the calls that added them. */
  readonly nodes: readonly GraphNode[]
  /** Stores that no operator of the DSL owns. */
  readonly stores: readonly StoreBuilder<StateStore>[]
  /** Stores of tables by the handles they were given: what else is given the handle uses the same store. */
  readonly storesByHandle: ReadonlyMap<StoreBuilder<StateStore>, StoreBuilder<StateStore>>
}

export function nodesById(graph: LogicalGraph): Map<NodeId, GraphNode> {
  return new Map(graph.nodes.map((node) => [node.id, node]))
}
