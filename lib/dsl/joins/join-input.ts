import type { Serde } from '../../serdes/serde'
import type { NodeId } from '../../topology/graph/node'
import type { GraphReference } from '../graph-reference'
import { repartitionNode } from '../repartition'

/** A stream as one side of a join. */
export interface JoinInput<K, V> {
  readonly position: GraphReference<K, V>
  /** The repartition topic that joins without a name of their own share. */
  readonly joinRepartition: { node?: NodeId }
}

/**
 * Where the join takes its records from: behind a repartition topic if the key may have changed. `given` names the
 * topic; without it, it is named after the stream's operator, and serves all of the stream's joins.
 */
export function repartitionedForJoin<K, V>(
  { position, joinRepartition }: JoinInput<K, V>,
  given: string | undefined,
  serdes: { readonly keySerde?: Serde<K>; readonly valueSerde?: Serde<V> },
): GraphReference<K, V> {
  if (!position.repartitionRequired) return position
  const { context } = position
  const keySerde = serdes.keySerde ?? position.keySerde
  const valueSerde = serdes.valueSerde ?? position.valueSerde
  const created = repartitionNode(context.naming, given ?? position.name, {
    keySerde,
    valueSerde,
    implicit: true,
    named: given !== undefined,
  })
  const shared = given === undefined ? joinRepartition.node : undefined
  const node = shared ?? context.graph.add([position.node], created)
  joinRepartition.node = node
  const { lostFormat } = position
  return { context, node, name: created.name, keySerde, valueSerde, lostFormat, repartitionRequired: false }
}
