import { TopologyError } from '../errors'
import { SuppressedRows, TableSuppressOperator } from '../operators/table-suppress'
import type { ValueGetterSupplier } from '../operators/value-getter'
import { suppressionBuffer } from '../state/buffer/suppression-buffer'
import { nodesById } from './graph/logical-graph'
import type { NodeId } from './graph/nodes'
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
  const finalOnly = waitMs === null
  const closesAfter = finalOnly ? windowGrace(context, table.node, name) : waitMs
  const buffer = given === undefined ? naming.store('KTABLE-SUPPRESS-') : `${given}-store`
  const { logging, ...limits } = bounds
  // its changelog is all that lasts of it
  if (logging === false) naming.unnamed.stores.delete(buffer)
  const store = suppressionBuffer(buffer, { key: keySerde, value: valueSerde, logging })
  const suppression = { operator: name, buffer, waitMs: closesAfter, finalOnly, ...limits }
  const node = {
    kind: 'table-view',
    name,
    store: null,
    stores: [store],
    needsOldValues: true,
    operator: () => new TableSuppressOperator<K, V>(suppression),
    rows: (parent: ValueGetterSupplier<K, V>) => new SuppressedRows(parent, store),
    versioned: false,
    unversionedOnly: true,
  } as const
  return append(table, node, { name, keySerde, valueSerde })
}

/** Of the windows that the table's keys come from; the longest where tables of several are joined. */
function windowGrace({ graph }: DslContext, start: NodeId, operator: string): number {
  const nodes = nodesById(graph.graph)
  const graceOf = (id: NodeId): number => {
    const node = nodes.get(id)!
    if (node.kind === 'aggregate' && node.windowGraceMs !== undefined) return node.windowGraceMs
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
