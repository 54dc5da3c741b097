import type { NodeDescription, TopologyDescription } from './description'
import { type Box, type Edge, layeredLayout, type Point } from './layout/layered'

/** How a topology is drawn. */
export interface SvgOptions {
  /** With its own colors, light and dark. Default: true; false for a page that has styles for its classes. */
  readonly styles?: boolean
}

/**
 * A topology as an SVG image: a frame for each sub-topology, with its processors and stores; topics stand outside, so that the ones between two
 * sub-topologies connect them. Boxes and edges carry what they stand for: `data-node`, `data-topic`, `data-store`, `data-from`, `data-to`, `data-subtopology`.
 */
export const topologySvg = (description: TopologyDescription, { styles = true }: SvgOptions = {}): string => {
  const { frames, topics, edges } = partsOf(description)
  const spacing = { across: 32, down: 52 }
  const layout = layeredLayout([...frames, ...topics], edges, spacing)
  const width = Math.ceil(layout.width + 2 * MARGIN)
  const height = Math.ceil(layout.height + 2 * MARGIN)
  const frameShapes: string[] = []
  const items: string[] = []
  const lines: string[] = []
  /** Of everything that edges between topics and sub-topologies can end at. */
  const ends = new Map<string, PlacedItem>()
  for (const frame of frames) {
    const placed = { ...frame, ...shifted(layout.centers.get(frame.id)!, MARGIN, MARGIN) }
    frameShapes.push(frameShape(placed))
    const { left, top } = edgesOf(placed)
    const inside = (point: Point): Point => shifted(point, left + FRAME_PADDING, top + FRAME_TOP)
    const own = new Map(
      frame.items.map((item) => [item.id, { ...item, ...inside(frame.layout.centers.get(item.id)!), frame: placed }]),
    )
    for (const item of own.values()) {
      items.push(itemShape(item))
      ends.set(item.id, item)
    }
    frame.edges.forEach((edge, index) => {
      lines.push(line(edge, own.get(edge.from)!, own.get(edge.to)!, frame.layout.bends[index]!.map(inside)))
    })
  }
  for (const topic of topics) {
    const placed = { ...topic, ...shifted(layout.centers.get(topic.id)!, MARGIN, MARGIN) }
    items.push(itemShape(placed))
    ends.set(topic.id, placed)
  }
  edges.forEach((edge, index) => {
    const [from, to] = [ends.get(edge.fromItem)!, ends.get(edge.toItem)!]
    const bends = layout.bends[index]!.map((point) => shifted(point, MARGIN, MARGIN))
    lines.push(line(edge, from, to, [...bends, ...aroundFrame(bends.at(-1) ?? from, to)]))
  })
  const label = `Topology of ${description.subtopologies.length} sub-topologies`
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">` +
    `${styles ? `<style>${STYLES}</style>` : ''}` +
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">' +
    `<path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>\n${[...frameShapes, ...lines, ...items].join('\n')}\n</svg>\n`
  )
}

// -------------------------------------------------------------------------------------------- what is drawn

type ItemKind = 'source' | 'processor' | 'sink' | 'store' | 'topic'

interface Item extends Box {
  readonly kind: ItemKind
  readonly name: string
}

interface NamedEdge extends Edge {
  readonly subtopology: number
  readonly kind: 'record' | 'state'
  readonly fromName: string
  readonly toName: string
}

/** An edge between a topic and a sub-topology, which ends at an item inside. */
interface OuterEdge extends NamedEdge {
  readonly fromItem: string
  readonly toItem: string
}

interface PlacedItem extends Item, Point {
  readonly frame?: Box & Point
}

interface Frame extends Box {
  readonly title: string
  readonly items: readonly Item[]
  readonly edges: readonly NamedEdge[]
  readonly layout: ReturnType<typeof layeredLayout>
}

const MARGIN = 16
const FRAME_PADDING = 16
/** With the title. */
const FRAME_TOP = 42
const CHARACTER_WIDTH = 6.7
const LONGEST_LABEL = 44

const partsOf = ({ subtopologies, globalStores }: TopologyDescription) => {
  const topics = new Map<string, Item>()
  const edges: OuterEdge[] = []
  const topic = (name: string): string => {
    const id = `topic ${name}`
    if (!topics.has(id)) topics.set(id, item('topic', id, name))
    return id
  }
  const frame = (subtopology: number, title: string, nodes: readonly NodeDescription[]): Frame => {
    const id = `frame ${title}`
    for (const node of nodes) {
      const nodeId = `node ${node.name}`
      if (node.kind === 'source') {
        for (const name of node.pattern === null ? node.topics : [`/${node.pattern}/`]) {
          const from = topic(name)
          edges.push({
            kind: 'record',
            subtopology,
            from,
            to: id,
            fromItem: from,
            toItem: nodeId,
            fromName: name,
            toName: node.name,
          })
        }
      } else if (node.kind === 'sink') {
        const name = node.topic ?? `${node.topicSelector || 'chosen'}(…)`
        const to = topic(name)
        edges.push({
          kind: 'record',
          subtopology,
          from: id,
          to,
          fromItem: nodeId,
          toItem: to,
          fromName: node.name,
          toName: name,
        })
      }
    }
    return framed(subtopology, id, title, nodes)
  }
  const frames = subtopologies.map(({ id, nodes }) => frame(id, `Sub-topology ${id}`, nodes))
  for (const { id, source, processor } of globalStores) {
    frames.push(frame(id, `Sub-topology ${id}: global store`, [source, processor]))
  }
  return { frames, topics: [...topics.values()], edges }
}

const framed = (subtopology: number, id: string, title: string, nodes: readonly NodeDescription[]): Frame => {
  const items = new Map<string, Item>()
  const edges: NamedEdge[] = []
  for (const node of nodes) {
    const nodeId = `node ${node.name}`
    items.set(nodeId, item(node.kind, nodeId, node.name))
    if (node.kind === 'sink') continue
    for (const successor of node.successors) {
      edges.push({
        kind: 'record',
        subtopology,
        from: nodeId,
        to: `node ${successor}`,
        fromName: node.name,
        toName: successor,
      })
    }
    if (node.kind === 'source') continue
    for (const store of node.stores) {
      const to = `store ${title} ${store}`
      if (!items.has(to)) items.set(to, item('store', to, store))
      edges.push({ kind: 'state', subtopology, from: nodeId, to, fromName: node.name, toName: store })
    }
  }
  const layout = layeredLayout([...items.values()], edges, { across: 20, down: 34 })
  const width = Math.max(layout.width, textWidth(title)) + 2 * FRAME_PADDING
  return {
    id,
    title,
    items: [...items.values()],
    edges,
    layout,
    width,
    height: layout.height + FRAME_TOP + FRAME_PADDING,
  }
}

const item = (kind: ItemKind, id: string, name: string): Item => ({
  kind,
  id,
  name,
  width: textWidth(labelOf(name)) + 26,
  height: kind === 'store' ? 34 : 28,
})

// -------------------------------------------------------------------------------------------- how it is drawn

const STYLES = [
  'svg{background:#fff;color:#1d2733;font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}',
  'text{fill:currentColor;text-anchor:middle}',
  '.title{text-anchor:start;font-weight:600}',
  '.frame rect{fill:#f4f6f8;stroke:#c9d1d9}',
  '.item>*{stroke:#5b6b7c;fill:#fff}',
  '.item text{stroke:none;fill:currentColor}',
  '.topic>*{fill:#e3eefc;stroke:#3b78c4}',
  '.store>*{fill:#fdf1dc;stroke:#b5812a}',
  '.edge{fill:none;stroke:#5b6b7c;stroke-width:1.3}',
  '.state{stroke:#b5812a;stroke-dasharray:3 3}',
  '.tip{fill:#5b6b7c}',
  '@media(prefers-color-scheme:dark){',
  'svg{background:#12181f;color:#dbe3ea}',
  '.frame rect{fill:#19212a;stroke:#33404d}',
  '.item>*{fill:#222d38;stroke:#8496a8}',
  '.topic>*{fill:#16304f;stroke:#5b9ae6}',
  '.store>*{fill:#3a2c10;stroke:#d3a24c}',
  '.item text{stroke:none;fill:currentColor}',
  '.edge{stroke:#8496a8}.state{stroke:#d3a24c}.tip{fill:#8496a8}',
  '}',
].join('')

const frameShape = (frame: Frame & Point): string => {
  const { left, top } = edgesOf(frame)
  const rect = `<rect x="${px(left)}" y="${px(top)}" width="${px(frame.width)}" height="${px(frame.height)}" rx="10"/>`
  const title = `<text class="title" x="${px(left + FRAME_PADDING)}" y="${px(top + 19)}">${escapeXml(frame.title)}</text>`
  return `<g class="frame">${rect}${title}</g>`
}

/** An edge from below goes up along the side of a frame, and not across what is in it. */
const aroundFrame = (from: Point, { frame, x, y, height }: PlacedItem): readonly Point[] => {
  if (frame === undefined || from.y < y) return []
  const { left, top, right, bottom } = edgesOf(frame)
  const side = x - left < right - x ? left + FRAME_PADDING / 2 : right - FRAME_PADDING / 2
  return [
    { x: side, y: bottom },
    { x: side, y: Math.max(top, y - height / 2 - 16) },
  ]
}

const edgesOf = ({ x, y, width, height }: Box & Point) => ({
  left: x - width / 2,
  top: y - height / 2,
  right: x + width / 2,
  bottom: y + height / 2,
})

const itemShape = ({ kind, name, x, y, width, height }: Item & Point): string => {
  const attribute = kind === 'topic' || kind === 'store' ? kind : 'node'
  const label = labelOf(name)
  const title = label === name ? '' : `<title>${escapeXml(name)}</title>`
  const text = `<text x="${px(x)}" y="${px(y + (kind === 'store' ? 7 : 4))}">${escapeXml(label)}</text>`
  return `<g class="item ${kind}" data-${attribute}="${escapeXml(name)}">${title}${outline(kind, x, y, width, height)}${text}</g>`
}

const outline = (kind: ItemKind, x: number, y: number, width: number, height: number): string => {
  const [left, top] = [x - width / 2, y - height / 2]
  if (kind === 'store') {
    const arc = `a${px(width / 2)} 5 0 0`
    const [rim, base, across] = [px(top + 5), px(top + height - 5), px(width)]
    return (
      `<path d="M${px(left)} ${rim}V${base}${arc} 0 ${across} 0V${rim}"/>` +
      `<path d="M${px(left)} ${rim}${arc} 1 ${across} 0${arc} 1 -${across} 0"/>`
    )
  }
  const radius = kind === 'processor' ? 4 : height / 2
  const slant = 8
  if (kind === 'topic') {
    return `<path d="M${px(left + slant)} ${px(top)}H${px(left + width)}L${px(left + width - slant)} ${px(top + height)}H${px(left)}z"/>`
  }
  return `<rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(height)}" rx="${radius}"/>`
}

const line = (
  { kind, subtopology, fromName, toName }: NamedEdge,
  from: Box & Point,
  to: Box & Point,
  bends: readonly Point[],
): string => {
  const points = [leaving(from, to, bends[0]), ...bends, leaving(to, from, bends.at(-1))]
  let path = `M${px(points[0]!.x)} ${px(points[0]!.y)}`
  for (const [index, end] of points.slice(1).entries()) {
    const start = points[index]!
    const middle = px((start.y + end.y) / 2)
    path +=
      start.x === end.x ? `V${px(end.y)}` : `C${px(start.x)} ${middle} ${px(end.x)} ${middle} ${px(end.x)} ${px(end.y)}`
  }
  const marker = kind === 'record' ? ' marker-end="url(#arrow)"' : ''
  const ends = `data-subtopology="${subtopology}" data-from="${escapeXml(fromName)}" data-to="${escapeXml(toName)}"`
  return `<path class="edge ${kind}" ${ends} d="${path}"${marker}/>`
}

/** Where an edge leaves or enters a box: below it, or above it for one that leads up. */
const leaving = (box: Box & Point, other: Point, bend: Point = other): Point => ({
  x: box.x,
  y: bend.y >= box.y ? box.y + box.height / 2 : box.y - box.height / 2,
})

const shifted = ({ x, y }: Point, right: number, down: number): Point => ({ x: x + right, y: y + down })

const px = (value: number): number => Math.round(value * 10) / 10

const labelOf = (name: string): string => {
  const characters = [...name]
  return characters.length <= LONGEST_LABEL ? name : `${characters.slice(0, LONGEST_LABEL - 1).join('')}…`
}

/** In the monospaced font of the image, in which characters from the scripts of East Asia on take two places. */
const textWidth = (text: string): number =>
  [...text].reduce((width, character) => width + (character >= '\u2e80' ? 2 : 1) * CHARACTER_WIDTH, 0)

/** What XML can't have at all, such as control characters, is replaced. */
const escapeXml = (text: string): string =>
  text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)!};`)
