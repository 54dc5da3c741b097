import { repartitionNodesOf } from '../naming/naming'
import { type LogicalGraph, nodesById } from '../graph/logical-graph'
import type { NodeId } from '../graph/node'
import { changesKey, changesValue, type GraphNode } from '../graph/nodes'
import type { RepartitionNode } from '../graph/stream-nodes'

/**
 * Optimisation `merge.repartition.topics`: where several repartition topics follow one change of the key, one topic
 * right behind the change replaces them. The first one's name stays.
 */
export function mergeRepartitions(graph: LogicalGraph): LogicalGraph {
  const links = new Links(graph)
  const nodes = nodesById(graph)
  for (const [changer, repartitions] of repartitionsByKeyChange(graph, links)) {
    const first = repartitions[0]
    if (!first) continue
    const id = Math.max(...nodes.keys()) + 1
    nodes.set(id, mergedNode(id, first, repartitions, nodes.get(changer)!.priority))
    for (const repartition of repartitions) {
      const branch = links.find(repartition.id, (node) => links.parents(node).includes(changer))
      // Undefined if the way to it has moved behind the new topic already, together with another one's.
      if (branch !== undefined) {
        links.add(id, branch)
        links.remove(changer, branch)
      }
      for (const child of links.children(repartition.id)) {
        for (const parent of links.parents(repartition.id)) links.add(parent, child)
        links.remove(repartition.id, child)
      }
      for (const parent of links.parents(repartition.id)) links.remove(parent, repartition.id)
      nodes.delete(repartition.id)
    }
    links.add(changer, id)
  }
  return { ...graph, nodes: [...nodes.values()].map((node) => ({ ...node, parents: links.parents(node.id) })) }
}

function mergedNode(
  id: NodeId,
  first: RepartitionNode,
  all: readonly RepartitionNode[],
  priority: number,
): RepartitionNode {
  const { sink, filter, source } = repartitionNodesOf(first.topic)
  return {
    kind: 'repartition',
    id,
    name: source,
    sinkName: sink,
    filterName: filter,
    topic: first.topic,
    keySerde: all.find(({ keySerde }) => keySerde)?.keySerde,
    valueSerde: all.find(({ valueSerde }) => valueSerde)?.valueSerde,
    implicit: true,
    parents: [],
    // So it is written right after the change of the key, before all that now gets its records from it.
    priority,
  }
}

/** The repartition topics behind each change of the key, or behind the merge that several changes flow into. */
function repartitionsByKeyChange(graph: LogicalGraph, links: Links): Map<NodeId, RepartitionNode[]> {
  const nodes = nodesById(graph)
  const isKeyChange = (id: NodeId): boolean => changesKey(nodes.get(id)!)
  const isChange = (id: NodeId): boolean => isKeyChange(id) || changesValue(nodes.get(id)!)
  const repartitions = new Map<NodeId, RepartitionNode[]>()
  const merges: GraphNode[] = []
  for (const node of graph.nodes) {
    if (changesKey(node)) {
      repartitions.set(node.id, [])
    } else if (node.kind === 'repartition' && node.implicit) {
      const changer = links.find(node.id, isKeyChange)
      if (changer !== undefined && links.find(node.id, isChange) === changer) repartitions.get(changer)?.push(node)
    } else if (node.kind === 'merge') {
      merges.push(node)
    }
  }
  const absorbed = new Set<NodeId>()
  for (const merge of merges) {
    const changers = [...repartitions.keys()].filter(
      (changer) =>
        repartitions
          .get(changer)!
          .every(({ id }) => links.find(id, (node) => links.parents(node).includes(merge.id)) !== undefined) &&
        links.find(merge.id, (node) => links.parents(node).includes(changer)) !== undefined,
    )
    const gathered = new Set(changers.flatMap((changer) => repartitions.get(changer)!))
    for (const changer of changers) absorbed.add(changer)
    repartitions.set(merge.id, [...gathered])
  }
  for (const changer of absorbed) repartitions.delete(changer)
  return repartitions
}

/** Parents and children while they are being moved. */
class Links {
  private readonly up = new Map<NodeId, readonly NodeId[]>()
  private readonly down = new Map<NodeId, readonly NodeId[]>()

  constructor(graph: LogicalGraph) {
    for (const node of graph.nodes) for (const parent of node.parents) this.add(parent, node.id)
  }

  parents(id: NodeId): readonly NodeId[] {
    return this.up.get(id) ?? []
  }

  children(id: NodeId): readonly NodeId[] {
    return this.down.get(id) ?? []
  }

  add(parent: NodeId, child: NodeId): void {
    if (this.parents(child).includes(parent)) return
    this.up.set(child, [...this.parents(child), parent])
    this.down.set(parent, [...this.children(parent), child])
  }

  remove(parent: NodeId, child: NodeId): void {
    this.up.set(
      child,
      this.parents(child).filter((id) => id !== parent),
    )
    this.down.set(
      parent,
      this.children(parent).filter((id) => id !== child),
    )
  }

  /** Up from a node; where ways join, the last one's answer stands unless a parent itself fits, as in Kafka Streams. */
  find(
    start: NodeId,
    fits: (id: NodeId) => boolean,
    known = new Map<NodeId, NodeId | undefined>(),
  ): NodeId | undefined {
    if (fits(start)) return start
    if (known.has(start)) return known.get(start)
    let found: NodeId | undefined
    for (const parent of this.parents(start)) {
      found = this.find(parent, fits, known)
      if (found === parent) break
    }
    known.set(start, found)
    return found
  }
}
