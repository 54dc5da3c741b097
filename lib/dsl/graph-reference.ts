import { TopologyError } from '../errors'
import type { Serde } from '../serdes/serde'
import type { GraphRecorder } from '../topology/graph/graph-recorder'
import type { NodeId } from '../topology/graph/node'
import type { NewNode } from '../topology/graph/nodes'
import type { Naming } from '../topology/naming/naming'

/** What all streams and tables of one `StreamsBuilder` share. */
export interface DslContext {
  readonly naming: Naming
  readonly graph: GraphRecorder
  /** Of stores of which nothing else is said. */
  readonly defaultStoreType: 'persistent' | 'in-memory'
}

/** Where in the graph a stream or table stands, and what is known of it there. */
export interface GraphReference<K, V> {
  readonly context: DslContext
  readonly node: NodeId
  /** Of the operator that made it. */
  readonly name: string
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  /** The key may have changed since it was partitioned. */
  readonly repartitionRequired: boolean
}

/** What is known behind a new operator. What isn't said of it is unknown. */
export interface NewReference<K, V> {
  readonly name: string
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  readonly repartitionRequired?: boolean
}

/** Adds an operator behind a position. */
export function append<K, V>(
  at: Pick<GraphReference<unknown, unknown>, 'context' | 'node'>,
  node: NewNode,
  next: NewReference<K, V>,
): GraphReference<K, V> {
  return { repartitionRequired: false, ...next, context: at.context, node: at.context.graph.add([at.node], node) }
}

export function requireSameBuilder(a: { context: DslContext }, b: { context: DslContext }, operator: string): void {
  if (a.context === b.context) return
  throw new TopologyError('INVALID_ARGUMENT', `${operator} can't take streams and tables of different StreamsBuilders`)
}
