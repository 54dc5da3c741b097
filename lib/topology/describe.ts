import type { TopologyDefinition } from './definition'
import {
  descriptionOf,
  type GlobalStoreDescription,
  type NodeDescription,
  type SubtopologyDescription,
} from './description'

/**
 * A topology as text: the very text of Kafka Streams' `Topology#describe`, so that its viewers work. Internal topics
 * stand without the application id.
 */
export function describe(definition: TopologyDefinition): string {
  const { subtopologies, globalStores } = descriptionOf(definition)
  const blocks = [...subtopologies, ...globalStores]
    .sort((a, b) => a.id - b.id)
    .map((block) => '  ' + ('nodes' in block ? subtopologyBlock(block) : globalStoreBlock(block)))
  return 'Topologies:\n ' + blocks.join('')
}

function subtopologyBlock({ id, nodes }: SubtopologyDescription): string {
  return `Sub-topology: ${id}\n${linesOf(nodes)}\n`
}

function globalStoreBlock({ id, source, processor }: GlobalStoreDescription): string {
  return `Sub-topology: ${id} for global store (will not generate tasks)\n${linesOf([source, processor])}`
}

function linesOf(nodes: readonly NodeDescription[]): string {
  return nodes.map((node) => `    ${nodeText(node)}\n`).join('')
}

function nodeText(node: NodeDescription): string {
  const after = 'successors' in node ? `\n      --> ${namesText(node.successors)}` : ''
  const before = 'predecessors' in node ? `\n      <-- ${namesText(node.predecessors)}` : ''
  switch (node.kind) {
    case 'source':
      return `Source: ${node.name} (topics: ${node.pattern ?? setText(node.topics)})${after}`
    case 'processor':
      return `Processor: ${node.name} (stores: ${setText(node.stores)})${after}${before}`
    case 'sink':
      return `Sink: ${node.name} (${node.topic === null ? `extractor class: ${node.topicSelector || 'LAMBDA'}` : `topic: ${node.topic}`})${before}`
  }
}

function setText(items: readonly string[]): string {
  return `[${items.join(', ')}]`
}

function namesText(names: readonly string[]): string {
  return names.join(', ') || 'none'
}
