import type { NodeDefinition, TopologyDefinition } from './definition'
import { hashSetCopyOrder, hashSetOrder } from './java-hash-order'
import { JavaTreeSet } from './java-tree-set'
import { type NodeGroup, nodeGroups } from './node-groups'

/**
 * A topology as plain data, in the order of its text: for tools that draw or compare topologies. Internal topics stand
 * without the application id.
 */
export interface TopologyDescription {
  /** The parts that become tasks, by id. */
  readonly subtopologies: readonly SubtopologyDescription[]
  /** What fills the global stores, by id. */
  readonly globalStores: readonly GlobalStoreDescription[]
}

/** A connected part of a topology: its tasks are `<id>_<partition>`. */
export interface SubtopologyDescription {
  /** The first half of its task ids. */
  readonly id: number
  /** All of its nodes. */
  readonly nodes: readonly NodeDescription[]
}

/** The two nodes that fill a global store. They take an id, and make no tasks. */
export interface GlobalStoreDescription {
  /** No sub-topology has it. */
  readonly id: number
  /** Reads the store's topic. */
  readonly source: SourceDescription
  /** Fills the store. */
  readonly processor: ProcessorDescription
}

/** Any node of a topology. */
export type NodeDescription = SourceDescription | ProcessorDescription | SinkDescription

/** A node that reads topics. */
export interface SourceDescription {
  /** Tells it from the other nodes. */
  readonly kind: 'source'
  /** Unique in the topology. */
  readonly name: string
  /** Empty for a pattern. */
  readonly topics: readonly string[]
  /** The regular expression that its topics match; `null` where they are named. */
  readonly pattern: string | null
  /** The names of the nodes that get its records. */
  readonly successors: readonly string[]
}

/** A node that processes records. */
export interface ProcessorDescription {
  /** Tells it from the other nodes. */
  readonly kind: 'processor'
  /** Unique in the topology. */
  readonly name: string
  /** The names of the stores it may use. */
  readonly stores: readonly string[]
  /** The names of the nodes that it gets records from. */
  readonly predecessors: readonly string[]
  /** The names of the nodes that get its records. */
  readonly successors: readonly string[]
}

/** A node that writes to a topic. */
export interface SinkDescription {
  /** Tells it from the other nodes. */
  readonly kind: 'sink'
  /** Unique in the topology. */
  readonly name: string
  /** `null` where a function names the topic of each record. */
  readonly topic: string | null
  /** The name of that function; empty if it has none. */
  readonly topicSelector: string | null
  /** The names of the nodes that it gets records from. */
  readonly predecessors: readonly string[]
}

/** The description of a definition. Nodes, and names in nodes, have the order of Kafka Streams' texts. */
export function descriptionOf(definition: TopologyDefinition): TopologyDescription {
  const subtopologies: SubtopologyDescription[] = []
  const globalStores: GlobalStoreDescription[] = []
  for (const group of nodeGroups(definition)) {
    if (group.global) globalStores.push(globalStore(group))
    else subtopologies.push({ id: group.id, nodes: orderedNodes(group).map(described) })
  }
  return { subtopologies, globalStores }
}

/** Nodes are ordered by `size`, which still grows while the nodes are being linked. */
class LinkedNode {
  size = 1
  readonly predecessors = new JavaTreeSet<LinkedNode>(bySizeThenName)
  readonly successors = new JavaTreeSet<LinkedNode>(bySizeThenName)

  constructor(readonly node: NodeDefinition) {}

  /** Grows itself, and each node upstream once for each path from there, as in Kafka Streams. */
  grow(by: number): void {
    const growth = new Map<LinkedNode, number>([[this, by]])
    for (const node of this.withUpstream()) {
      const each = growth.get(node)!
      node.size += each
      for (const predecessor of node.predecessors) growth.set(predecessor, (growth.get(predecessor) ?? 0) + each)
    }
  }

  /** Children before parents. */
  private withUpstream(): LinkedNode[] {
    const parentsFirst = new Set<LinkedNode>()
    const visit = (node: LinkedNode): void => {
      if (parentsFirst.has(node)) return
      for (const predecessor of node.predecessors) visit(predecessor)
      parentsFirst.add(node)
    }
    visit(this)
    return [...parentsFirst].reverse()
  }
}

function bySizeThenName(a: LinkedNode, b: LinkedNode): number {
  if (a.node.name === b.node.name) return 0
  return b.size - a.size || (a.node.name < b.node.name ? -1 : 1)
}

function orderedNodes(group: NodeGroup): LinkedNode[] {
  const names = hashSetOrder(group.nodes.map(({ name }) => name))
  const nodes = new Map(group.nodes.map((node) => [node.name, new LinkedNode(node)]))
  for (const name of hashSetOrder(names)) {
    const linked = nodes.get(name)!
    if (linked.node.kind === 'source') continue
    for (const parentName of linked.node.parents) {
      const parent = nodes.get(parentName)!
      linked.predecessors.add(parent)
      parent.successors.add(linked)
      parent.grow(linked.size)
    }
  }
  const ordered = new JavaTreeSet<LinkedNode>(bySizeThenName)
  for (const name of hashSetOrder(names)) ordered.add(nodes.get(name)!)
  return [...ordered]
}

function globalStore(group: NodeGroup): GlobalStoreDescription {
  const nodes = orderedNodes(group).map(described)
  const source = nodes.find((node) => node.kind === 'source')!
  const processor = nodes.find((node) => node.kind === 'processor')!
  return { id: group.id, source, processor }
}

function described(linked: LinkedNode): NodeDescription {
  const { node } = linked
  const { name } = node
  const predecessors = namesOf(linked.predecessors)
  const successors = namesOf(linked.successors)
  switch (node.kind) {
    case 'source': {
      const { topics } = node
      return topics instanceof RegExp
        ? { kind: 'source', name, topics: [], pattern: topics.source, successors }
        : { kind: 'source', name, topics: hashSetCopyOrder(topics), pattern: null, successors }
    }
    case 'processor': {
      const stores = hashSetCopyOrder(hashSetOrder(node.stores))
      return { kind: 'processor', name, stores, predecessors, successors }
    }
    case 'sink': {
      const { topic } = node
      return typeof topic === 'string'
        ? { kind: 'sink', name, topic, topicSelector: null, predecessors }
        : { kind: 'sink', name, topic: null, topicSelector: topic.name, predecessors }
    }
  }
}

function namesOf(nodes: Iterable<LinkedNode>): string[] {
  return [...nodes].map(({ node }) => node.name)
}
