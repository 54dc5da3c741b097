import { JoinedRows, StoredValues, type ValueGetterSupplier } from '../../operators/value-getter'
import { type LogicalGraph, nodesById } from './logical-graph'
import type { NodeId } from './nodes'
import type { TablePlans } from './old-values'

/** How the rows of a table are looked up: in its store, else through the tables that it is made from. */
export function valueGetters(
  graph: LogicalGraph,
  plans: TablePlans,
): (table: NodeId) => ValueGetterSupplier<never, unknown> {
  const nodes = nodesById(graph)
  const rowsOf = (id: NodeId): ValueGetterSupplier<never, unknown> => {
    const node = nodes.get(id)!
    switch (node.kind) {
      case 'table-source':
      case 'stream-to-table':
        if (plans.get(id)!.stored) return new StoredValues(node.store.builder)
        break
      case 'aggregate':
        return new StoredValues(node.store)
      case 'table-view':
        if (node.store) return new StoredValues(node.store)
        if (node.rows) return node.rows(...node.parents.map(rowsOf))
        break
      case 'table-join':
        if (node.store) return new StoredValues(node.store)
        return new JoinedRows(node.join, rowsOf(node.left), rowsOf(node.right))
      default:
        break
    }
    throw new Error(`the rows of ${node.name} can't be looked up`)
  }
  return rowsOf
}
