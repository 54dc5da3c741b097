import { toMilliseconds } from '../../durations'
import type { ValueJoiner } from '../../operators/callbacks'
import { waitingStoreBuilder } from '../../state/join/waiting-stores'
import type { Joined } from '../options/joined'
import { withName } from '../options/named'
import { withoutHistory } from '../../topology/compile/join-requirements'
import { isVersionedByItself } from '../../topology/compile/versioned-tables'
import { nodesById } from '../../topology/graph/logical-graph'
import { append, type GraphReference } from '../graph-reference'
import { type JoinInput, repartitionedForJoin } from './join-input'

/** `join` and `leftJoin` of a stream with a table. */
export function streamTableJoin<K, V, VT, VR>(
  stream: JoinInput<K, V>,
  table: GraphReference<K, VT>,
  joiner: ValueJoiner<K, V, VT | null, VR>,
  left: boolean,
  joined?: string | Joined<K, V, VT>,
): GraphReference<K, VR> {
  const { name: given, key, value, grace } = withName<Joined<K, V, VT>>(joined)
  const { naming, graph } = stream.position.context
  if (given !== undefined) naming.given(given)
  const source = repartitionedForJoin(stream, given, { keySerde: key, valueSerde: value })
  const name = naming.node(left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-', given)
  const graceMs = grace === undefined ? undefined : toMilliseconds(grace, 'grace')
  if (graceMs !== undefined && isVersionedByItself(nodesById(graph.graph).get(table.node)!) === false) {
    throw withoutHistory(name)
  }
  const serdes = { key: key ?? source.keySerde, value: value ?? source.valueSerde }
  const buffer = graceMs === undefined ? null : waitingStoreBuilder<K, V>({ join: name, ...serdes })
  if (buffer !== null && given === undefined) naming.unnamed.stores.add(buffer.name)
  const node = {
    kind: 'stream-table-join',
    name,
    table: table.node,
    joiner,
    left,
    waiting: buffer === null ? null : { buffer, graceMs: graceMs! },
  } as const
  return append(source, node, { name, keySerde: serdes.key })
}
