import type { StoreDefinition, SubTopology } from './definition'

/** What a store is filled from: all that its sub-topology reads, or a part of it. */
export type StoreInputs = Pick<SubTopology, 'sourceTopics' | 'sourcePatterns'>

/**
 * What reaches the first processor that was connected to the store, as in Kafka Streams: keys are in the partitions that they have
 * there. Other sources of the sub-topology may have more partitions.
 */
export function storeInputs({ nodes }: Pick<SubTopology, 'nodes'>, { processors }: StoreDefinition): StoreInputs {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const sourceTopics: string[] = []
  const sourcePatterns: RegExp[] = []
  const [first] = processors
  // grows on the way
  const reached = new Set([first!])
  for (const name of reached) {
    const node = byName.get(name)!
    if (node.kind !== 'source') for (const parent of node.parents) reached.add(parent)
    else if (node.topics instanceof RegExp) sourcePatterns.push(node.topics)
    else sourceTopics.push(...node.topics)
  }
  return { sourceTopics, sourcePatterns }
}
