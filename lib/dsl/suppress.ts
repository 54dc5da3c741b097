import { TopologyError } from '../errors'
import { suppressionBuffer } from '../state/buffer/suppression-buffer'
import { isVersionedByItself, versionedSuppressed } from '../topology/compile/versioned-tables'
import { nodesById } from '../topology/graph/logical-graph'
import type { NodeId } from '../topology/graph/node'
import { closesAfterMs } from '../topology/graph/windowing'
import { append, type DslContext, type GraphReference } from './graph-reference'
import type { Suppressed } from './suppressed'

/** `suppress` of a table. */
export function suppress<K, V>(
  table: GraphReference<K, V>,
  { waitMs, bounds, name: given }: Suppressed<K>,
): GraphReference<K, V> {
  const { context, keySerde, valueSerde } = table
  const { naming } = context
  const name = given === undefined ? naming.node('KTABLE-SUPPRESS-') : naming.given(given)
  if (isVersionedByItself(nodesById(context.graph.graph).get(table.node)!)) throw versionedSuppressed(name)
  const finalOnly = waitMs === null
  const closesAfter = finalOnly ? windowGrace(context, table.node, name) : waitMs
  const buffer = given === undefined ? naming.store('KTABLE-SUPPRESS-') : `${given}-store`
  const { logging, ...limits } = bounds
  // its changelog is all that lasts of it
  if (logging === false) naming.unnamed.stores.delete(buffer)
  const { maxRecords, maxBytes, onFull } = limits
  const spill = onFull === 'spill' ? { maxRecords, maxBytes } : undefined
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
  const graceOf = (id: NodeId): number => {
    const node = nodes.get(id)!
    if (node.kind === 'session-aggregate') return closesAfterMs(node.windowing)
    if (node.kind === 'stream-aggregate' && node.windows !== undefined) return closesAfterMs(node.windows.windowing)
    if (node.parents.length === 0) throw notWindowed(operator, node.name)
    return Math.max(...node.parents.map(graceOf))
  }
  return graceOf(start)
}

const notWindowed = (operator: string, source: string): TopologyError =>
  new TopologyError(
    'INVALID_TOPOLOGY',
    `"${operator}" waits until windows close, and the table it is called on has none: its rows come from "${source}" without ` +
      'a windowed aggregation in between. Use untilTimeLimit, or window the stream before it is aggregated',
    { operator },
  )
