import { toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { VersionedKeyValueStoreHandle } from '../../state/versioned/versioned-key-value-store'
import { type LogicalGraph, nodesById } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import { type GraphNode, looksUp, takesNullKeys } from '../graph/nodes'

/** The sources that the records of these nodes come from: joined, their topics need equal partition counts. */
export function sourcesOf(graph: LogicalGraph, starts: readonly NodeId[]): string[] {
  const nodes = nodesById(graph)
  const sources = new Set<string>()
  const seen = new Set<NodeId>()
  const visit = (id: NodeId): void => {
    if (seen.has(id)) return
    seen.add(id)
    const node = nodes.get(id)!
    if (node.kind === 'stream-source' || node.kind === 'repartition' || node.kind === 'internal-source') {
      sources.add(node.name)
    } else if (node.kind === 'table-source') sources.add(node.sourceName)
    else upstream(node).forEach(visit)
  }
  starts.forEach(visit)
  return [...sources]
}

/** With the table that a stream is joined with: the results are in the partitions of both. */
const upstream = (node: GraphNode): readonly NodeId[] => (looksUp(node) ? [...node.parents, node.table] : node.parents)

/** Whether an operator lies below that has results for records without a key, such as a left join. */
export function leadsToNullKeys(graph: LogicalGraph, start: NodeId): boolean {
  const reached = new Set([start])
  const waiting = [start]
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const node of graph.nodes) {
      if (reached.has(node.id) || !node.parents.includes(id)) continue
      if (takesNullKeys(node)) return true
      reached.add(node.id)
      waiting.push(node.id)
    }
  }
  return false
}

/** Stream records can wait for a table only as long as it keeps its earlier rows. */
export function requireHistory(operator: string, stores: readonly StoreBuilder<StateStore>[], graceMs: number): void {
  for (const store of stores) {
    const historyMs = historyOf(store)
    if (historyMs === undefined) throw withoutHistory(operator)
    if (historyMs < graceMs) {
      throw new TopologyError(
        'INVALID_TOPOLOGY',
        `join "${operator}" has a grace of ${graceMs} ms, and its table keeps former rows for ${historyMs} ms only: raise the ` +
          'historyRetention of the store, or lower the grace',
        { operator, store: store.name },
      )
    }
  }
}

/** The join throws it itself where the table's own store has no versions; what others have is known when the graph is complete. */
export const withoutHistory = (operator: string): TopologyError =>
  new TopologyError(
    'INVALID_TOPOLOGY',
    `join "${operator}" has a grace, for which its table has to keep former rows: give the table a versionedKeyValueStore, ` +
      'or leave the grace out',
    { operator },
  )

/** Undefined for a store without former rows. */
function historyOf(store: StoreBuilder<StateStore>): number | undefined {
  if (!('versioned' in store)) return undefined
  const { options } = store as VersionedKeyValueStoreHandle<unknown, unknown>
  return toMilliseconds(options.historyRetention, 'historyRetention')
}
