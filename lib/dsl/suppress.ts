import { TopologyError } from '../errors'
import { suppressionBuffer } from '../state/buffer/suppression-buffer'
import { isVersionedByItself, versionedSuppressed } from '../topology/compile/versioned-tables'
import { nodesById } from '../topology/graph/logical-graph'
import type { NodeId } from '../topology/graph/node'
import type { GraphNode } from '../topology/graph/nodes'
import { reachable } from '../topology/graph/reachable'
import { closesAfterMs } from '../topology/graph/windowing'
import { append, type DslContext, type GraphReference } from './graph-reference'
import type { Suppressed } from './suppressed'

/** Beyond the bounds of a buffer. Many updates are emitted soon after they came, and those of one key replace each other. */
const UNSPILLED_BYTES = 1024 * 1024

/** `suppress` of a table. */
export function suppress<K, V>(
  table: GraphReference<K, V>,
  { waitMs, finalOnly, bounds, name: given }: Suppressed<K>,
): GraphReference<K, V> {
  const { context, keySerde, valueSerde } = table
  const { naming } = context
  const name = given === undefined ? naming.node('KTABLE-SUPPRESS-') : naming.given(given)
  if (isVersionedByItself(nodesById(context.graph.graph).get(table.node)!)) throw versionedSuppressed(name)
  const closesAfter = waitMs ?? windowGrace(context, table.node, name)
  const buffer = given === undefined ? naming.store('KTABLE-SUPPRESS-') : `${given}-store`
  const { logging, ...limits } = bounds
  // its changelog is all that lasts of it
  if (logging === false) naming.unnamed.stores.delete(buffer)
  const { maxRecords, maxBytes, onFull } = limits
  const spill = onFull === 'spill' ? { maxRecords, maxBytes, unspilledBytes: UNSPILLED_BYTES } : undefined
  const store = suppressionBuffer(buffer, { key: keySerde, value: valueSerde, logging, spill })
  const node = {
    kind: 'suppress',
    name,
    buffer: store,
    limits: { waitMs: closesAfter, finalOnly, ...limits },
  } as const
  return append(table, node, { name, keySerde, valueSerde })
}

/** Of the windows that the table's keys come from; the longest where tables of several are joined. */
function windowGrace({ graph }: DslContext, start: NodeId, operator: string): number {
  const nodes = nodesById(graph.graph)
  const nodeOf = (id: NodeId): GraphNode => nodes.get(id)!
  const upstream = reachable([nodeOf(start)], (node) => (graceOf(node) === undefined ? node.parents.map(nodeOf) : []))
  const graces = [...upstream].map((node) => {
    const grace = graceOf(node)
    if (grace === undefined && node.parents.length === 0) throw notWindowed(operator, node.name)
    return grace ?? 0
  })
  return Math.max(...graces)
}

/** Undefined if it opens no windows. */
function graceOf(node: GraphNode): number | undefined {
  if (node.kind === 'session-aggregate') return closesAfterMs(node.windowing)
  if (node.kind === 'stream-aggregate' && node.windows !== undefined) return closesAfterMs(node.windows.windowing)
  return undefined
}

const notWindowed = (operator: string, source: string): TopologyError =>
  new TopologyError(
    'INVALID_TOPOLOGY',
    `"${operator}" waits until windows close, and the table it is called on has none: its rows come from "${source}" without ` +
      'a windowed aggregation in between. Use untilTimeLimit, or window the stream before it is aggregated',
    { operator },
  )
