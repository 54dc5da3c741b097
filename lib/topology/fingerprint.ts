import { createHash } from 'node:crypto'
import type { CompiledTopology, NodeDefinition } from './definition'

/**
 * A short text that is the same for topologies whose instances can share tasks: the same sub-topologies with the same nodes,
 * topics and stores. Callbacks and serdes don't count: they can't be compared, and may change in a rolling update.
 */
export const topologyFingerprint = ({ subTopologies, global }: CompiledTopology): string => {
  const shape = {
    subTopologies: subTopologies.map((sub) => ({
      id: sub.id,
      nodes: sub.nodes.map(nodeShape),
      stores: sub.stores.map(({ definition, changelogTopic }) => [
        definition.builder.name,
        changelogTopic,
        definition.builder.changelogPolicy.cleanup,
      ]),
    })),
    global: global.stores.map(({ builder, topic }) => [builder.name, topic]),
  }
  return createHash('sha256').update(JSON.stringify(shape)).digest('base64url').slice(0, 16)
}

const nodeShape = (node: NodeDefinition): unknown => {
  switch (node.kind) {
    case 'source':
      return [node.kind, node.name, node.topics instanceof RegExp ? String(node.topics) : node.topics]
    case 'processor':
      return [node.kind, node.name, node.parents, node.stores]
    case 'sink':
      return [node.kind, node.name, node.parents, typeof node.topic === 'string' ? node.topic : null]
  }
}
