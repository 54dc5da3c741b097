import type { NodeDescription, TopologyDescription } from './description'

/**
 * A topology as a Mermaid flowchart: a box for each sub-topology, with its processors and stores; topics stand outside,
 * so that the ones between two sub-topologies connect them.
 */
export const mermaidChart = ({ subtopologies, globalStores }: TopologyDescription): string => {
  const chart = new Chart()
  for (const { id, nodes } of subtopologies) chart.box(`Sub-topology ${id}`, nodes)
  for (const { id, source, processor } of globalStores) {
    chart.box(`Sub-topology ${id}: global store`, [source, processor])
  }
  return chart.text()
}

class Chart {
  private readonly boxes: string[] = []
  private readonly edges: string[] = []
  /** Label → id of what is drawn outside the boxes. */
  private readonly topics = new Map<string, string>()
  private readonly ids = new Map<string, string>()
  private boxCount = 0

  box(title: string, nodes: readonly NodeDescription[]): void {
    const lines = [`  subgraph b${this.boxCount++}[${quoted(title)}]`]
    const stores = new Map<string, string>()
    for (const node of nodes) {
      lines.push(`    ${this.id(node.name)}${shapeOf(node)}`)
      if (node.kind !== 'processor') continue
      for (const store of node.stores) {
        if (!stores.has(store)) stores.set(store, this.id(`store ${store} of ${title}`))
      }
    }
    for (const [store, id] of stores) lines.push(`    ${id}[(${quoted(store)})]`)
    for (const node of nodes) this.connect(node, stores)
    this.boxes.push(...lines, '  end')
  }

  text(): string {
    const topics = [...this.topics].map(([label, id]) => `  ${id}[/${quoted(label)}/]`)
    return ['flowchart TD', ...topics, ...this.boxes, ...this.edges].map((line) => `${line}\n`).join('')
  }

  private connect(node: NodeDescription, stores: ReadonlyMap<string, string>): void {
    const id = this.id(node.name)
    switch (node.kind) {
      case 'source':
        for (const topic of node.pattern === null ? node.topics : [`/${node.pattern}/`]) {
          this.edges.push(`  ${this.topic(topic)} --> ${id}`)
        }
        break
      case 'processor':
        for (const store of node.stores) this.edges.push(`  ${id} -.- ${stores.get(store)!}`)
        break
      case 'sink':
        this.edges.push(`  ${id} --> ${this.topic(node.topic ?? `${node.topicSelector || 'chosen'}(…)`)}`)
        return
    }
    for (const successor of node.successors) this.edges.push(`  ${id} --> ${this.id(successor)}`)
  }

  private topic(label: string): string {
    const known = this.topics.get(label)
    if (known !== undefined) return known
    const id = `t${this.topics.size}`
    this.topics.set(label, id)
    return id
  }

  private id(name: string): string {
    const known = this.ids.get(name)
    if (known !== undefined) return known
    const id = `n${this.ids.size}`
    this.ids.set(name, id)
    return id
  }
}

const shapeOf = ({ kind, name }: NodeDescription): string =>
  kind === 'processor' ? `[${quoted(name)}]` : `([${quoted(name)}])`

/** Mermaid knows no backslash: special characters are entities. */
const quoted = (label: string): string =>
  `"${label.replace(/[#"<>&]/g, (character) => `#${character.codePointAt(0)!};`)}"`
