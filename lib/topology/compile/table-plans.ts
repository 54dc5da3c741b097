import { type LogicalGraph, nodesById } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import { isAggregation, isTableView, looksUp, needsOldValues, storeOf } from '../graph/nodes'
import { versionedTables } from './versioned-tables'

/** What a table has to keep and to send. */
export interface TablePlan {
  readonly stored: boolean
  readonly sendOldValues: boolean
  /** The updates that it gets are those of a versioned table. */
  readonly versionedInput: boolean
  /** The updates that it sends are those of a versioned table. */
  readonly versionedOutput: boolean
}

export type TablePlans = ReadonlyMap<NodeId, TablePlan>

/**
 * Decides which tables send old values, and which source tables need a store, for that or for joins. Requests propagate up
 * from operators that have to subtract what they added, or look rows up. Calls are replayed in order: a filter
 * asks its parent only for what it can look up at that moment.
 *
 * @throws TopologyError INVALID_TOPOLOGY if a versioned table is suppressed
 */
export function planTables(graph: LogicalGraph): TablePlans {
  const nodes = nodesById(graph)
  const plans = new Map<NodeId, { -readonly [P in keyof TablePlan]: TablePlan[P] }>()
  const versioned = versionedTables(graph)

  /** True if old values can be had. `force` gives a source table the store it needs. */
  const request = (id: NodeId, force: boolean): boolean => {
    const node = nodes.get(id)!
    const plan = plans.get(id)
    if (!plan) return false
    if (plan.sendOldValues) return true
    if (isTableView(node) && !plan.stored) {
      if (!node.parents.map((parent) => request(parent, force)).every(Boolean)) return false
    } else if (node.kind === 'table-join') {
      request(node.left, true)
      request(node.right, true)
    } else if (!plan.stored) {
      if (!force) return false
      plan.stored = true
    }
    plan.sendOldValues = true
    return true
  }

  const lookedUp = new Set<NodeId>()
  /** Gives a source table the store that its rows are looked up in. */
  const lookUp = (id: NodeId): void => {
    const node = nodes.get(id)!
    const plan = plans.get(id)
    if (!plan || plan.stored || lookedUp.has(id)) return
    lookedUp.add(id)
    if (isTableView(node)) node.parents.forEach(lookUp)
    else if (node.kind === 'table-join') [node.left, node.right].forEach(lookUp)
    else plan.stored = true
  }

  for (const node of graph.nodes) {
    const versionedInput = node.parents.length > 0 && node.parents.every((parent) => versioned.has(parent))
    const versionedOutput = versioned.has(node.id)
    const add = (stored: boolean, sendOldValues = false): void =>
      void plans.set(node.id, { stored, sendOldValues, versionedInput, versionedOutput })
    if (node.kind === 'table-source' || node.kind === 'stream-to-table') {
      add(node.store.requested)
    } else if (isAggregation(node)) {
      add(true)
    } else if (isTableView(node)) {
      // avoids needless deletes, if the parent can look old values up
      const known = node.kind === 'table-filter' && request(node.parents[0]!, false)
      if (needsOldValues(node)) request(node.parents[0]!, true)
      add(storeOf(node) !== null, known)
    } else if (node.kind === 'table-join') {
      const { left, right, join } = node
      if (join.kind !== 'inner') request(left, true)
      if (join.kind === 'outer') request(right, true)
      lookUp(left)
      lookUp(right)
      add(node.store !== null)
    } else if (needsOldValues(node)) {
      request(node.parents[0]!, true)
    } else if (looksUp(node)) {
      lookUp(node.table)
    }
  }
  return plans
}
