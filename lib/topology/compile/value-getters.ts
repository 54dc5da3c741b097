import { SuppressedRows } from '../../operators/table-suppress'
import { TransformedRows } from '../../operators/table-transform-values'
import {
  FilteredRows,
  JoinedRows,
  MappedRows,
  StoredValues,
  type ValueGetterSupplier,
} from '../../operators/value-getter'
import { type LogicalGraph, nodesById } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import { type GraphNode, storeOf, type TableViewNode } from '../graph/nodes'
import type { TablePlans } from './table-plans'

type Rows = ValueGetterSupplier<never, unknown>

/** How the rows of a table are looked up: in its store, else through the tables that it is made from. */
export function valueGetters(graph: LogicalGraph, plans: TablePlans): (table: NodeId) => Rows {
  const nodes = nodesById(graph)
  const known = new Map<NodeId, Rows>()
  const rowsOf = (id: NodeId): Rows => {
    const rows = known.get(id) ?? newRows(nodes.get(id)!)
    known.set(id, rows)
    return rows
  }
  const newRows = (node: GraphNode): Rows => {
    switch (node.kind) {
      case 'table-source':
      case 'stream-to-table':
        if (plans.get(node.id)!.stored) return new StoredValues(node.store.builder)
        break
      case 'stream-aggregate':
      case 'session-aggregate':
      case 'table-aggregate':
        return new StoredValues(node.store)
      case 'table-filter':
      case 'table-map-values':
      case 'table-transform-values':
      case 'suppress':
      case 'cogroup-merge': {
        const store = storeOf(node)
        return store === null ? viewRows(node, rowsOf(node.parents[0]!)) : new StoredValues(store)
      }
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

function viewRows(node: TableViewNode, parent: Rows): Rows {
  switch (node.kind) {
    case 'table-filter':
      return new FilteredRows(parent, node.predicate, node.not)
    case 'table-map-values':
      return new MappedRows(parent, node.mapper)
    case 'table-transform-values':
      return new TransformedRows(parent, node.supplier)
    case 'suppress':
      return new SuppressedRows(parent, node.buffer)
    case 'cogroup-merge':
      return parent // all of its parents have one store
  }
}
