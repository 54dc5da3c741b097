import type { TableJoin } from '../../operators/joined-rows'
import { materializedStore, type MaterializedAs, resolveMaterialized } from '../options/materialized'
import { type GraphReference, lostBehind } from '../graph-reference'

/** `join`, `leftJoin` and `outerJoin` of two tables by their keys. The result has a store if anything is said about one. */
export function tableJoin<K, VR>(
  left: GraphReference<K, unknown>,
  right: GraphReference<K, unknown>,
  join: TableJoin<K, VR>,
  materialized?: MaterializedAs<K, VR>,
): { readonly position: GraphReference<K, VR>; readonly store: string | undefined } {
  const { context } = left
  const { naming } = context
  const options = resolveMaterialized(materialized)
  const storeName = options.store ?? (options.given ? naming.store('KTABLE-MERGE-') : undefined)
  const name = naming.node('KTABLE-MERGE-', options.name)
  const leftName = naming.suffixedNode('KTABLE-JOINTHIS-', options.name, '-join-this')
  const rightName = naming.suffixedNode('KTABLE-JOINOTHER-', options.name, '-join-other')
  const keySerde = options.keySerde ?? left.keySerde
  const { valueSerde } = options
  const store = storeName === undefined ? null : materializedStore(context, storeName, { ...options, keySerde })
  const node = context.graph.add([left.node, right.node], {
    kind: 'table-join',
    name,
    leftName,
    rightName,
    left: left.node,
    right: right.node,
    join,
    store,
  })
  const lostFormat = valueSerde === undefined ? lostBehind(left, name) : undefined
  const position = { context, node, name, keySerde, valueSerde, lostFormat, repartitionRequired: false }
  return { position, store: storeName }
}
