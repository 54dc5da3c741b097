import { separate } from './separate'

export interface Box {
  readonly id: string
  readonly width: number
  readonly height: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Edge {
  readonly from: string
  readonly to: string
}

export interface LayeredLayout {
  readonly width: number
  readonly height: number
  /** The middle of each box, by id. */
  readonly centers: ReadonlyMap<string, Point>
  /** Where an edge passes between boxes of the layers that it crosses, from its start to its end; in the order of the edges. */
  readonly bends: readonly (readonly Point[])[]
}

export interface Spacing {
  /** Between the boxes of a layer. */
  readonly across: number
  /** Between layers. */
  readonly down: number
}

/** A box, or the place where an edge crosses a layer. */
interface Vertex extends Box {
  readonly layer: number
  readonly above: Vertex[]
  readonly below: Vertex[]
  x: number
}

const CROSSING_WIDTH = 12
const SWEEPS = 8

/**
 * A directed graph in layers, from top to bottom (Sugiyama's method): every box is below those that lead to it, boxes of a layer are
 * ordered so that few edges cross, and long edges pass between boxes. Edges that close a circle point upwards.
 */
export const layeredLayout = (boxes: readonly Box[], edges: readonly Edge[], spacing: Spacing): LayeredLayout => {
  const downward = withoutCircles(boxes, edges)
  const layerOf = layersOf(boxes, downward)
  const vertices = new Map(boxes.map((box) => [box.id, vertex(box, layerOf.get(box.id)!)]))
  const layers: Vertex[][] = []
  const place = (placed: Vertex): void => void (layers[placed.layer] ??= []).push(placed)
  for (const placed of vertices.values()) place(placed)
  const crossings = downward.map(({ from, to }) => {
    const [start, end] = [vertices.get(from)!, vertices.get(to)!]
    const chain: Vertex[] = []
    for (let layer = start.layer + 1; layer < end.layer; layer++) {
      chain.push(vertex({ id: '', width: CROSSING_WIDTH, height: 0 }, layer))
    }
    chain.forEach(place)
    link([start, ...chain, end])
    return chain
  })
  order(layers)
  alignAcross(layers, spacing.across)
  const tops = topsOf(layers, spacing.down)
  const middleOf = ({ layer, x }: Vertex): Point => ({ x, y: (tops[layer]!.top + tops[layer]!.bottom) / 2 })
  const all = layers.flat()
  return {
    width: Math.max(0, ...all.map(({ x, width }) => x + width / 2)),
    height: tops.at(-1)?.bottom ?? 0,
    centers: new Map([...vertices].map(([id, placed]) => [id, middleOf(placed)])),
    bends: edges.map((edge, index) => {
      const points = crossings[index]!.flatMap((crossing) => {
        const { top, bottom } = tops[crossing.layer]!
        return [
          { x: crossing.x, y: top },
          { x: crossing.x, y: bottom },
        ]
      })
      return downward[index]!.from === edge.from ? points : points.reverse()
    }),
  }
}

const vertex = (box: Box, layer: number): Vertex => ({ ...box, layer, above: [], below: [], x: 0 })

const link = (chain: readonly Vertex[]): void => {
  for (const [index, lower] of chain.slice(1).entries()) {
    chain[index]!.below.push(lower)
    lower.above.push(chain[index]!)
  }
}

/** With the edges that lead back to where their path has begun turned around. */
const withoutCircles = (boxes: readonly Box[], edges: readonly Edge[]): Edge[] => {
  const outgoing = grouped(edges, ({ from }) => from)
  const visits = new Map<string, 'open' | 'done'>()
  const backward = new Set<Edge>()
  const visit = (id: string): void => {
    visits.set(id, 'open')
    for (const edge of outgoing.get(id) ?? []) {
      const seen = visits.get(edge.to)
      if (seen === 'open') backward.add(edge)
      else if (seen === undefined) visit(edge.to)
    }
    visits.set(id, 'done')
  }
  for (const { id } of boxes) if (!visits.has(id)) visit(id)
  return edges.map((edge) => (backward.has(edge) ? { from: edge.to, to: edge.from } : edge))
}

/** Each below all that lead to it; what nothing leads to is right above what it leads to. */
const layersOf = (boxes: readonly Box[], edges: readonly Edge[]): Map<string, number> => {
  const incoming = grouped(edges, ({ to }) => to)
  const outgoing = grouped(edges, ({ from }) => from)
  const layers = new Map<string, number>()
  const layerOf = (id: string): number => {
    const known = layers.get(id)
    if (known !== undefined) return known
    // an edge of a box to itself has no effect
    layers.set(id, 0)
    const layer = Math.max(0, ...(incoming.get(id) ?? []).map(({ from }) => (from === id ? 0 : layerOf(from) + 1)))
    layers.set(id, layer)
    return layer
  }
  for (const { id } of boxes) layerOf(id)
  for (const { id } of boxes) {
    const next = (outgoing.get(id) ?? []).filter(({ to }) => to !== id).map(({ to }) => layers.get(to)!)
    if (!incoming.has(id) && next.length > 0) layers.set(id, Math.min(...next) - 1)
  }
  return layers
}

const grouped = (edges: readonly Edge[], key: (edge: Edge) => string): Map<string, Edge[]> => {
  const groups = new Map<string, Edge[]>()
  for (const edge of edges) {
    const group = groups.get(key(edge))
    if (group) group.push(edge)
    else groups.set(key(edge), [edge])
  }
  return groups
}

/** Each layer by the mean place of its neighbours, downwards and upwards in turn. */
const order = (layers: readonly Vertex[][]): void => {
  const number = (layer: readonly Vertex[]): void => layer.forEach((placed, index) => (placed.x = index))
  layers.forEach(number)
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const downwards = sweep % 2 === 0
    for (const layer of downwards ? layers : layers.toReversed()) {
      const wish = new Map(layer.map((placed) => [placed, meanX(downwards ? placed.above : placed.below) ?? placed.x]))
      layer.sort((a, b) => wish.get(a)! - wish.get(b)!)
      number(layer)
    }
  }
}

/** Boxes come near the mean of their neighbours, as far as the other boxes of the layer let them. */
const alignAcross = (layers: readonly Vertex[][], across: number): void => {
  const settle = (layer: readonly Vertex[], desired: readonly number[]): void => {
    const gaps = layer.slice(1).map(({ width }, index) => (layer[index]!.width + width) / 2 + across)
    separate(desired, gaps).forEach((x, index) => (layer[index]!.x = x))
  }
  for (const layer of layers) {
    settle(
      layer,
      layer.map(() => 0),
    )
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : layers.toReversed()) {
      settle(
        layer,
        layer.map((placed) => meanX([...placed.above, ...placed.below]) ?? placed.x),
      )
    }
  }
  const all = layers.flat()
  const left = Math.min(...all.map(({ x, width }) => x - width / 2))
  for (const placed of all) placed.x -= left
}

const meanX = (vertices: readonly Vertex[]): number | undefined =>
  vertices.length === 0 ? undefined : vertices.reduce((sum, { x }) => sum + x, 0) / vertices.length

const topsOf = (layers: readonly Vertex[][], down: number): { readonly top: number; readonly bottom: number }[] => {
  let bottom = -down
  return layers.map((layer) => {
    const top = bottom + down
    bottom = top + Math.max(...layer.map(({ height }) => height))
    return { top, bottom }
  })
}
