import type { NodeDefinition, TopologyDefinition } from './definition'

/** A connected part of a topology. `id` is that of its sub-topology. */
export interface NodeGroup {
  readonly id: number
  readonly nodes: readonly NodeDefinition[]
  /** The group that feeds a global store: it has an id, but no tasks. */
  readonly global: boolean
}

/**
 * Unites each node with its parents, and all processors that share a store. Ids follow the first node of each group in
 * the order in which nodes were added; tasks and their directories are named after them.
 */
export function nodeGroups(definition: TopologyDefinition): NodeGroup[] {
  const leaders = new Map<string, string>()
  const leaderOf = (name: string): string => {
    let leader = name
    for (let next = leaders.get(leader); next !== undefined && next !== leader; next = leaders.get(leader))
      leader = next
    leaders.set(name, leader)
    return leader
  }
  const unite = (a: string, b: string): void => void leaders.set(leaderOf(b), leaderOf(a))

  for (const node of definition.nodes) {
    leaders.set(node.name, node.name)
    if (node.kind !== 'source') for (const parent of node.parents) unite(parent, node.name)
  }
  for (const { processors } of definition.stores.values()) {
    const [first, ...others] = processors
    for (const other of others) unite(first!, other)
  }

  const members = new Map<string, NodeDefinition[]>()
  for (const node of definition.nodes) {
    const leader = leaderOf(node.name)
    const nodes = members.get(leader)
    if (nodes) nodes.push(node)
    else members.set(leader, [node])
  }
  const globalSources = new Set([...(definition.globalStores?.values() ?? [])].map((store) => store.source))
  return [...members.values()].map((nodes, id) => ({
    id,
    nodes,
    global: nodes.some(({ name }) => globalSources.has(name)),
  }))
}
