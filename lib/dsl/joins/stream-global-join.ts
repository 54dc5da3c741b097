import type { ValueJoiner, ValueMapper } from '../../operators/callbacks'
import type { GlobalKTable } from '../global-ktable'
import { type Named, operatorName } from '../options/named'
import { append, type GraphReference } from '../graph-reference'

/** `join` and `leftJoin` of a stream with a global table. The stream keeps its key, and its partitions. */
export function streamGlobalJoin<K, V, KG, VG, VR>(
  stream: GraphReference<K, V>,
  table: GlobalKTable<KG, VG>,
  selector: ValueMapper<K, V, KG>,
  joiner: ValueJoiner<K, V, VG | null, VR>,
  left: boolean,
  named?: Named,
): GraphReference<K, VR> {
  // Kafka Streams gives the inner join this name as well.
  const name = stream.context.naming.node('KSTREAM-LEFTJOIN-', operatorName(named))
  const { keySerde, repartitionRequired } = stream
  const node = {
    kind: 'stream-global-join',
    name,
    globalStore: table.queryableStoreName,
    selector,
    joiner,
    left,
  } as const
  return append(stream, node, { name, keySerde, repartitionRequired })
}
