import type { StateStore, StoreBuilder } from '../../state/store'
import type { JoinNode, ResponseJoinNode, StreamTableJoinNode, SubscriptionJoinNode } from './join-nodes'
import type { SelectionNode } from './selection-nodes'
import type { SessionAggregateNode, StreamAggregateNode, StreamNode } from './stream-nodes'
import type {
  CogroupMergeNode,
  SuppressNode,
  TableAggregateNode,
  TableFilterNode,
  TableMapValuesNode,
  TableNode,
  TableTransformValuesNode,
} from './table-nodes'

export type GraphNode = StreamNode | TableNode | JoinNode | SelectionNode

/** What a DSL call says about its node; the graph adds the rest. */
export type NewNode<Node extends GraphNode = GraphNode> = Node extends GraphNode
  ? Omit<Node, 'id' | 'parents' | 'priority'>
  : never

/** Tables that are made from others, and whose rows can be computed from theirs. */
export type TableViewNode =
  TableFilterNode | TableMapValuesNode | TableTransformValuesNode | SuppressNode | CogroupMergeNode

export function isTableView(node: GraphNode): node is TableViewNode {
  switch (node.kind) {
    case 'table-filter':
    case 'table-map-values':
    case 'table-transform-values':
    case 'suppress':
    case 'cogroup-merge':
      return true
    default:
      return false
  }
}

/** Nodes that look rows up in a table that is not their parent: they take no updates of it. */
export type LookupNode = StreamTableJoinNode | SubscriptionJoinNode | ResponseJoinNode

export function looksUp(node: GraphNode): node is LookupNode {
  return node.kind === 'stream-table-join' || node.kind === 'subscription-join' || node.kind === 'response-join'
}

/**
 * Whether repartition topics may be merged right behind the node. As in Kafka Streams 4.2, `process` does not count, so
 * that topics keep their names.
 */
export function changesKey(node: GraphNode): boolean {
  const { kind } = node
  return (
    kind === 'map' || kind === 'flat-map' || kind === 'select-key' || (kind === 'async' && node.result === 'record')
  )
}

/** Whether a repartition topic must not move before the node. `processValues` does not count here either. */
export function changesValue({ kind }: GraphNode): boolean {
  return kind === 'map-values' || kind === 'flat-map-values' || kind === 'async'
}

/** Whether it has results for records without a key, so that these must get to it. */
export function takesNullKeys(node: GraphNode): boolean {
  switch (node.kind) {
    case 'deduplicate':
      return true
    case 'stream-table-join':
    case 'stream-global-join':
      return node.left
    case 'stream-stream-join':
      return node.join !== 'inner'
    default:
      return false
  }
}

/** Whether it takes back what the former rows of its parent, a table, have added. */
export function needsOldValues({ kind }: GraphNode): boolean {
  switch (kind) {
    case 'table-group-by':
    case 'suppress':
    case 'subscription-send':
    case 'foreign-table-join':
      return true
    default:
      return false
  }
}

/** The store of a view; `null` where its rows are computed. */
export function storeOf(node: TableViewNode): StoreBuilder<StateStore> | null {
  return node.kind === 'suppress' || node.kind === 'cogroup-merge' ? null : node.store
}

export function isAggregation(
  node: GraphNode,
): node is StreamAggregateNode | SessionAggregateNode | TableAggregateNode {
  return node.kind === 'stream-aggregate' || node.kind === 'session-aggregate' || node.kind === 'table-aggregate'
}
