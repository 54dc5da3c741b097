import type { NodeDescription, TopologyDescription } from '../../topology/description'

/** A store of a topology, with what tells it from others of the same kind. */
export interface StoreShape {
  readonly name: string
  readonly subtopology: number
  /** The topics that its contents come from, across repartition topics. */
  readonly origins: readonly string[]
  /** The operators that use it, without their numbers. */
  readonly users: readonly string[]
  /** The topics that its sub-topology reads, across repartition topics: they decide the number of its partitions. */
  readonly sources: readonly string[]
}

/** A topic between two parts of a topology, without the application id. */
export interface RepartitionShape {
  readonly name: string
  readonly origins: readonly string[]
}

/** What an upgrade has to keep of a topology. */
export interface TopologyShape {
  readonly stores: ReadonlyMap<string, StoreShape>
  readonly repartitions: ReadonlyMap<string, RepartitionShape>
  readonly globalStores: ReadonlySet<string>
  readonly inputs: ReadonlySet<string>
  readonly outputs: ReadonlySet<string>
}

const NUMBER = /-\d{10}(?=$|-)/g

/** Whether a name has the number that the DSL gives: it moves with the operators above it. */
export const isGenerated = (name: string): boolean => name.search(NUMBER) >= 0

export const withoutNumber = (name: string): string => name.replace(NUMBER, '')

const isInternal = (topic: string): boolean =>
  /(-repartition|-subscription-(registration|response)-topic|-KTABLE-FK-JOIN-SUBSCRIPTION-(REGISTRATION|RESPONSE)-\d+-topic|^KTABLE-FK-JOIN-SUBSCRIPTION-(REGISTRATION|RESPONSE)-\d+-topic)$/.test(
    topic,
  )

export const shapeOf = (description: TopologyDescription): TopologyShape => new Shape(description)

class Shape implements TopologyShape {
  readonly stores = new Map<string, StoreShape>()
  readonly repartitions = new Map<string, RepartitionShape>()
  readonly globalStores = new Set<string>()
  readonly inputs = new Set<string>()
  readonly outputs = new Set<string>()
  private readonly nodes = new Map<string, NodeDescription>()
  /** Topic → the sinks that write it. */
  private readonly writers = new Map<string, string[]>()

  constructor({ subtopologies, globalStores }: TopologyDescription) {
    for (const node of subtopologies.flatMap(({ nodes }) => nodes)) {
      this.nodes.set(node.name, node)
      if (node.kind !== 'sink' || node.topic === null) continue
      this.writers.set(node.topic, [...(this.writers.get(node.topic) ?? []), node.name])
    }
    for (const { id, nodes } of subtopologies) this.add(id, nodes)
    for (const { source, processor } of globalStores) {
      for (const store of processor.stores) this.globalStores.add(store)
      for (const topic of topicsOf(source)) this.inputs.add(topic)
    }
  }

  private add(id: number, nodes: readonly NodeDescription[]): void {
    const read = nodes.flatMap(topicsOf)
    const sources = sorted(
      read.flatMap((topic) => (this.isRepartition(topic) ? this.originsOf(this.writers.get(topic)!) : [topic])),
    )
    for (const node of nodes) {
      if (node.kind === 'source') {
        for (const topic of topicsOf(node)) {
          if (!this.isRepartition(topic)) this.inputs.add(topic)
          else this.repartitions.set(topic, { name: topic, origins: this.originsOf(this.writers.get(topic)!) })
        }
      } else if (node.kind === 'processor') {
        for (const store of node.stores) this.use(store, id, node.name, sources)
      } else if (node.topic !== null && !this.isRepartition(node.topic)) this.outputs.add(node.topic)
    }
  }

  private use(name: string, subtopology: number, user: string, sources: readonly string[]): void {
    const known = this.stores.get(name)
    const users = sorted([...(known?.users ?? []), withoutNumber(user)])
    const origins = sorted([...(known?.origins ?? []), ...this.originsOf([user])])
    this.stores.set(name, { name, subtopology, origins, users, sources })
  }

  private isRepartition(topic: string): boolean {
    return isInternal(topic) && this.writers.has(topic)
  }

  private originsOf(names: readonly string[]): string[] {
    const origins = new Set<string>()
    const seen = new Set<string>()
    const visit = (name: string): void => {
      const node = this.nodes.get(name)
      if (node === undefined || seen.has(name)) return
      seen.add(name)
      if (node.kind !== 'source') return node.predecessors.forEach(visit)
      for (const topic of topicsOf(node)) {
        if (this.isRepartition(topic)) this.writers.get(topic)!.forEach(visit)
        else origins.add(topic)
      }
    }
    names.forEach(visit)
    return sorted(origins)
  }
}

const topicsOf = (node: NodeDescription): readonly string[] =>
  node.kind !== 'source' ? [] : node.pattern === null ? node.topics : [`/${node.pattern}/`]

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort()
