import type { ValueJoiner } from '../../operators/callbacks'
import { StreamTableJoinOperator } from '../../operators/stream-table-join'
import type { TableRows } from '../../operators/table-rows'
import type { Joined } from '../options/joined'
import { withName } from '../options/named'
import { append, type Position } from '../position'
import { type JoinInput, repartitionedForJoin } from './join-input'

/** `join` and `leftJoin` of a stream with a table. */
export function streamTableJoin<K, V, VT, VR>(
  stream: JoinInput<K, V>,
  table: Position<K, VT>,
  joiner: ValueJoiner<K, V, VT | null, VR>,
  left: boolean,
  joined?: string | Joined<K, V, VT>,
): Position<K, VR> {
  const { name: given, key, value } = withName<Joined<K, V, VT>>(joined)
  const { naming } = stream.position.context
  if (given !== undefined) naming.given(given)
  const source = repartitionedForJoin(stream, given, { keySerde: key, valueSerde: value })
  const name = naming.node(left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-', given)
  const node = {
    kind: 'stream-table-join',
    name,
    table: table.node,
    operator: (rows: TableRows<K, VT>) => new StreamTableJoinOperator(rows, joiner, left),
    buffer: null,
    joinsNullKeys: left,
  } as const
  return append(source, node, { name, keySerde: key ?? source.keySerde })
}
