import { TopologyError } from '../errors'
import type { Serde } from '../serdes/serde'
import { valuesSerde } from '../serdes/values'
import type { GraphRecorder } from '../topology/graph/graph-recorder'
import type { NodeId } from '../topology/graph/node'
import type { NewNode } from '../topology/graph/nodes'
import type { Naming } from '../topology/naming/naming'
import type { LostFormat } from '../topology/definition'
import type { ValueRequirement } from '../topology/tombstones'

/** What all streams and tables of one `StreamsBuilder` share. */
export interface DslContext {
  readonly naming: Naming
  readonly graph: GraphRecorder
  /** The default for stores that don't say otherwise. */
  readonly defaultStoreType: 'persistent' | 'in-memory'
}

/** The position of a stream or table in the graph, and what is known about it there. */
export interface GraphReference<K, V> extends ValueRequirement {
  readonly context: DslContext
  readonly node: NodeId
  /** Of the operator that made it. */
  readonly name: string
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  /** If no value serde is known: the last one that was. */
  readonly lostFormat?: LostFormat
  /** The key may have changed since it was partitioned. */
  readonly repartitionRequired: boolean
}

/** What is known after a new operator. Anything not stated is unknown. */
export interface NewReference<K, V> extends ValueRequirement {
  readonly name: string
  readonly keySerde?: Serde<K>
  readonly valueSerde?: Serde<V>
  readonly repartitionRequired?: boolean
}

/** Adds an operator after a position. */
export function append<K, V>(
  at: Pick<GraphReference<unknown, unknown>, 'context' | 'node' | 'lostFormat'> & { readonly valueSerde?: unknown },
  node: NewNode,
  next: NewReference<K, V>,
): GraphReference<K, V> {
  const lostFormat = next.valueSerde === undefined ? lostBehind(at, next.name) : undefined
  return {
    repartitionRequired: false,
    ...next,
    lostFormat,
    context: at.context,
    node: at.context.graph.add([at.node], node),
  }
}

/** What is known about the format of an operator's values that have no serde. */
export function lostBehind(
  { valueSerde, lostFormat }: { readonly valueSerde?: unknown; readonly lostFormat?: LostFormat },
  operator: string,
): LostFormat | undefined {
  return valueSerde === undefined ? lostFormat : { serde: valueSerde as Serde<unknown>, operator }
}

/** The serde of lists of a stream's or table's values, where theirs is known. */
export function valuesOf<V>({ valueSerde }: GraphReference<unknown, V>): Serde<V[]> | undefined {
  return valueSerde && valuesSerde(valueSerde)
}

/** What follows drops records whose key is null. */
export function withoutNullKeys<K, V>(reference: GraphReference<K, V>): GraphReference<NonNullable<K>, V> {
  return reference as unknown as GraphReference<NonNullable<K>, V>
}

/** What follows drops records whose key or value is null. */
export function withoutNulls<K, V>(reference: GraphReference<K, V>): GraphReference<NonNullable<K>, NonNullable<V>> {
  return reference as unknown as GraphReference<NonNullable<K>, NonNullable<V>>
}

export function requireSameBuilder(a: { context: DslContext }, b: { context: DslContext }, operator: string): void {
  if (a.context === b.context) return
  throw new TopologyError('INVALID_ARGUMENT', `${operator} can't take streams and tables of different StreamsBuilders`)
}
