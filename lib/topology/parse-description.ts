import type {
  GlobalStoreDescription,
  NodeDescription,
  ProcessorDescription,
  SourceDescription,
  SubtopologyDescription,
  TopologyDescription,
} from './description'

const HEADING = /^Sub-topology: (\d+)( for global store)?/
const NODE = /^(Source|Processor|Sink): (\S+) \((topics|stores|topic|extractor class): (.*)\)$/
const ARROW = /^(-->|<--) (.*)$/

interface Block {
  readonly id: number
  readonly global: boolean
  readonly nodes: OpenNode[]
}

interface OpenNode {
  readonly kind: string
  readonly name: string
  readonly what: string
  readonly text: string
  readonly successors: string[]
  readonly predecessors: string[]
}

/** What `describe()` has printed, Kafka Streams' own too, as data again. `undefined`: the text is none. */
export const parseDescription = (text: string): TopologyDescription | undefined => {
  const blocks: Block[] = []
  let started = false
  for (const line of text.split(/\r?\n/).map((line) => line.trim())) {
    if (line === 'Topologies:') started = true
    if (!started || line === '' || line === 'Topologies:') continue
    if (!take(line, blocks)) return undefined
  }
  if (!started) return undefined
  return {
    subtopologies: blocks.filter(({ global }) => !global).map(subtopology),
    globalStores: blocks.filter(({ global }) => global).map(globalStore),
  }
}

const take = (line: string, blocks: Block[]): boolean => {
  const heading = HEADING.exec(line)
  if (heading !== null) {
    blocks.push({ id: Number(heading[1]), global: heading[2] !== undefined, nodes: [] })
    return true
  }
  const block = blocks.at(-1)
  const node = NODE.exec(line)
  if (node !== null && block !== undefined) {
    const [, kind = '', name = '', what = '', text = ''] = node
    block.nodes.push({ kind, name, what, text, successors: [], predecessors: [] })
    return true
  }
  const arrow = ARROW.exec(line)
  const last = block?.nodes.at(-1)
  if (arrow === null || last === undefined) return false
  const names = arrow[2] === 'none' ? [] : arrow[2]!.split(', ')
  ;(arrow[1] === '-->' ? last.successors : last.predecessors).push(...names)
  return true
}

const subtopology = ({ id, nodes }: Block): SubtopologyDescription => ({ id, nodes: nodes.map(described) })

const globalStore = ({ id, nodes }: Block): GlobalStoreDescription => {
  const all = nodes.map(described)
  const isSource = (node: NodeDescription): node is SourceDescription => node.kind === 'source'
  const isProcessor = (node: NodeDescription): node is ProcessorDescription => node.kind === 'processor'
  return { id, source: all.find(isSource)!, processor: all.find(isProcessor)! }
}

const described = ({ kind, name, what, text, successors, predecessors }: OpenNode): NodeDescription => {
  switch (kind) {
    case 'Source': {
      const topics = setOf(text)
      return topics === undefined
        ? { kind: 'source', name, topics: [], pattern: text, successors }
        : { kind: 'source', name, topics, pattern: null, successors }
    }
    case 'Processor':
      return { kind: 'processor', name, stores: setOf(text) ?? [], predecessors, successors }
    default:
      return what === 'topic'
        ? { kind: 'sink', name, topic: text, topicSelector: null, predecessors }
        : { kind: 'sink', name, topic: null, topicSelector: text === 'LAMBDA' ? '' : text, predecessors }
  }
}

/** `[a, b]`; `undefined` for a pattern. (One that is a single set of topic characters reads like a list: no one writes that.) */
const setOf = (text: string): string[] | undefined => {
  const list = /^\[([A-Za-z0-9._\-, ]*)\]$/.exec(text)?.[1]
  if (list === undefined) return undefined
  return list === '' ? [] : list.split(', ')
}
