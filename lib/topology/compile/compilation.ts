import type { ValueGetterSupplier } from '../../operators/value-getter'
import type { DefinitionBuilder } from '../definition-builder'
import type { LogicalGraph } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import type { GraphNode } from '../graph/nodes'
import type { TablePlans } from './table-plans'

/** What compiling a node takes: the rest of the graph, and where the result goes. */
export interface Compilation {
  readonly graph: LogicalGraph
  readonly plans: TablePlans
  readonly builder: DefinitionBuilder
  /** Of all nodes. */
  readonly names: ReadonlyMap<NodeId, string>
  readonly rowsOf: (table: NodeId) => ValueGetterSupplier<never, unknown>
}

export function parentNames(node: GraphNode, { names }: Compilation): string[] {
  return node.parents.map((parent) => names.get(parent)!)
}
