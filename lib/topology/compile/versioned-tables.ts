import { TopologyError } from '../../errors'
import { isVersioned } from '../../operators/value-getter'
import { type LogicalGraph, nodesById } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import type { GraphNode } from '../graph/nodes'

/**
 * The tables whose updates may come out of order and say so: those with a versioned store, and those that are made from
 * them without a store of another kind in between (KIP-914).
 *
 * @throws TopologyError INVALID_TOPOLOGY if one of them is suppressed
 */
export function versionedTables(graph: LogicalGraph): ReadonlySet<NodeId> {
  const nodes = nodesById(graph)
  const known = new Map<NodeId, boolean>()
  const areVersioned = (parents: readonly NodeId[]): boolean => parents.length > 0 && parents.every(isVersionedTable)
  const isVersionedTable = (id: NodeId): boolean => {
    let versioned = known.get(id)
    if (versioned === undefined) {
      const node = nodes.get(id)!
      versioned = isVersionedByItself(node) ?? areVersioned(node.parents)
      known.set(id, versioned)
    }
    return versioned
  }
  for (const node of graph.nodes) {
    if (node.kind === 'suppress' && areVersioned(node.parents)) throw versionedSuppressed(node.name)
  }
  return new Set([...nodes.keys()].filter(isVersionedTable))
}

/** Whether the table's own store makes it versioned; undefined where that depends on the parents. */
export function isVersionedByItself(node: GraphNode): boolean | undefined {
  switch (node.kind) {
    case 'table-source':
    case 'stream-to-table':
      return isVersioned(node.store.builder)
    case 'stream-aggregate':
    case 'session-aggregate':
    case 'table-aggregate':
      return isVersioned(node.store)
    case 'table-join':
      return node.store !== null && isVersioned(node.store)
    case 'table-filter':
    case 'table-map-values':
    case 'table-transform-values':
      return node.versioned
    case 'suppress':
      return false
    default:
      return undefined
  }
}

/** `suppress` throws it itself where the table's own store is versioned; whether others are is known when the graph is complete. */
export const versionedSuppressed = (operator: string): TopologyError =>
  new TopologyError(
    'INVALID_TOPOLOGY',
    `"${operator}" suppresses updates of a versioned table, whose updates may be about the past: suppress works with the ` +
      'latest only. Give the table before it a store without versions, or suppress before the versioned one',
    { operator },
  )
