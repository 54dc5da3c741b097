import type { LogicalGraph } from '../graph/logical-graph'

/**
 * Optimisation `reuse.ktable.source.topics`: the store of a source table holds just what its topic holds, so the topic
 * serves as its changelog.
 */
export function reuseSourceTopics(graph: LogicalGraph): LogicalGraph {
  const nodes = graph.nodes.map((node) => (node.kind === 'table-source' ? { ...node, topicAsChangelog: true } : node))
  return { ...graph, nodes }
}
