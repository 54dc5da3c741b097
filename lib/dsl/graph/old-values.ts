import { type LogicalGraph, nodesById } from './logical-graph'
import type { NodeId } from './nodes'

/** What a table has to keep and to send. */
export interface TablePlan {
  readonly stored: boolean
  readonly sendOldValues: boolean
}

export type TablePlans = ReadonlyMap<NodeId, TablePlan>

/**
 * Decides which tables send old values along, and which source tables need a store for that. Requests go up from the
 * operators that have to take back what they added. Calls are replayed in their order: a filter asks its parent only
 * for what it can look up at that moment.
 */
export function planTables(graph: LogicalGraph): TablePlans {
  const nodes = nodesById(graph)
  const plans = new Map<NodeId, { stored: boolean; sendOldValues: boolean }>()

  /** True if old values can be had. `force` gives a source table the store it needs. */
  const request = (id: NodeId, force: boolean): boolean => {
    const node = nodes.get(id)!
    const plan = plans.get(id)
    if (!plan) return false
    if (plan.sendOldValues) return true
    if (node.kind === 'table-view' && !plan.stored) {
      if (!request(node.parents[0]!, force)) return false
    } else if (!plan.stored) {
      if (!force) return false
      plan.stored = true
    }
    plan.sendOldValues = true
    return true
  }

  for (const node of graph.nodes) {
    if (node.kind === 'table-source' || node.kind === 'stream-to-table') {
      plans.set(node.id, { stored: node.store.requested, sendOldValues: false })
    } else if (node.kind === 'aggregate') {
      plans.set(node.id, { stored: true, sendOldValues: false })
    } else if (node.kind === 'table-view') {
      const known = node.prefersOldValues === true && request(node.parents[0]!, false)
      plans.set(node.id, { stored: node.store !== null, sendOldValues: known })
    } else if (node.kind === 'processor' && node.needsOldValues) {
      request(node.parents[0]!, true)
    }
  }
  return plans
}
