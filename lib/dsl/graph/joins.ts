import { type LogicalGraph, nodesById } from './logical-graph'
import type { GraphNode, NodeId } from './nodes'

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
    }
    else if (node.kind === 'table-source') sources.add(node.sourceName)
    else upstream(node).forEach(visit)
  }
  starts.forEach(visit)
  return [...sources]
}

/** With the table that a stream is joined with: the results are in the partitions of both. */
const upstream = (node: GraphNode): readonly NodeId[] =>
  node.kind === 'stream-table-join' ? [...node.parents, node.table] : node.parents

/** Whether a left or outer join lies below: it has results for records without a key. */
export function leadsToNullKeyJoin(graph: LogicalGraph, start: NodeId): boolean {
  const reached = new Set([start])
  const waiting = [start]
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const node of graph.nodes) {
      if (reached.has(node.id) || !node.parents.includes(id)) continue
      if (node.joinsNullKeys) return true
      reached.add(node.id)
      waiting.push(node.id)
    }
  }
  return false
}
