import type { NodeDefinition, TopologyDefinition } from './definition'
import { hashSetCopyOrder, hashSetOrder } from './java-hash-order'
import { JavaTreeSet } from './java-tree-set'
import { nodeGroups, type NodeGroup } from './node-groups'

/**
 * A topology as text: the very text of Kafka Streams' `Topology#describe`, so that its viewers work. Internal topics
 * stand without the application id.
 */
export function describe(definition: TopologyDefinition): string {
  const blocks = nodeGroups(definition).map((group) =>
    group.global ? globalStoreBlock(group) : subTopologyBlock(group),
  )
  return 'Topologies:\n ' + blocks.map((block) => '  ' + block).join('')
}

/** Nodes print in an order of `size`, which still grows while the nodes are being linked. */
class DescribedNode {
  size = 1
  readonly predecessors = new JavaTreeSet<DescribedNode>(bySizeThenName)
  readonly successors = new JavaTreeSet<DescribedNode>(bySizeThenName)

  constructor(readonly node: NodeDefinition) {}

  grow(by: number): void {
    this.size += by
    for (const predecessor of this.predecessors) predecessor.grow(by)
  }
}

function bySizeThenName(a: DescribedNode, b: DescribedNode): number {
  if (a.node.name === b.node.name) return 0
  return b.size - a.size || (a.node.name < b.node.name ? -1 : 1)
}

function subTopologyBlock(group: NodeGroup): string {
  const names = hashSetOrder(group.nodes.map(({ name }) => name))
  const nodes = new Map(group.nodes.map((node) => [node.name, new DescribedNode(node)]))
  for (const name of hashSetOrder(names)) {
    const described = nodes.get(name)!
    if (described.node.kind === 'source') continue
    for (const parentName of described.node.parents) {
      const parent = nodes.get(parentName)!
      described.predecessors.add(parent)
      parent.successors.add(described)
      parent.grow(described.size)
    }
  }
  const ordered = new JavaTreeSet<DescribedNode>(bySizeThenName)
  for (const name of hashSetOrder(names)) ordered.add(nodes.get(name)!)
  const lines = [...ordered].map(
    (described) => `    ${nodeText(described.node, described.predecessors, described.successors)}\n`,
  )
  return `Sub-topology: ${group.id}\n${lines.join('')}\n`
}

function globalStoreBlock(group: NodeGroup): string {
  const source = new DescribedNode(group.nodes.find(({ kind }) => kind === 'source')!)
  const processor = new DescribedNode(group.nodes.find(({ kind }) => kind === 'processor')!)
  const lines = [nodeText(source.node, [], [processor]), nodeText(processor.node, [source], [])]
  return `Sub-topology: ${group.id} for global store (will not generate tasks)\n${lines.map((line) => `    ${line}\n`).join('')}`
}

function nodeText(
  node: NodeDefinition,
  predecessors: Iterable<DescribedNode>,
  successors: Iterable<DescribedNode>,
): string {
  const after = `\n      --> ${namesOf(successors)}`
  const before = `\n      <-- ${namesOf(predecessors)}`
  switch (node.kind) {
    case 'source':
      return `Source: ${node.name} (topics: ${topicsText(node.topics)})${after}`
    case 'processor':
      return `Processor: ${node.name} (stores: ${setText(hashSetCopyOrder(hashSetOrder(node.stores)))})${after}${before}`
    case 'sink':
      return `Sink: ${node.name} (${sinkText(node.topic)})${before}`
  }
}

function topicsText(topics: readonly string[] | RegExp): string {
  return topics instanceof RegExp ? topics.source : setText(hashSetCopyOrder(topics))
}

function sinkText(topic: string | { readonly name: string }): string {
  return typeof topic === 'string' ? `topic: ${topic}` : `extractor class: ${topic.name || 'LAMBDA'}`
}

function setText(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}

function namesOf(nodes: Iterable<DescribedNode>): string {
  return [...nodes].map(({ node }) => node.name).join(', ') || 'none'
}
