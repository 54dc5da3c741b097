import type { LogicalGraph } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'

/**
 * Optimisation `single.store.self.join`: a stream joined with itself keeps its records once, and one processor finds
 * what the two sides would. As in Kafka Streams, that goes for left and outer joins too: every record meets itself.
 */
export function mergeSelfJoins(graph: LogicalGraph): LogicalGraph {
  const needless = new Set<NodeId>()
  const nodes = graph.nodes.map((node) => {
    if (node.kind !== 'stream-stream-join' || node.parents.length !== 1) return node
    // its late records go somewhere
    if (graph.nodes.some(({ parents }) => parents.includes(node.right.window))) return node
    needless.add(node.right.window)
    return { ...node, selfJoined: true }
  })
  return { ...graph, nodes: nodes.filter(({ id }) => !needless.has(id)) }
}
