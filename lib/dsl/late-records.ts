import type { NodeId } from '../topology/graph/node'
import type { ValueRequirement } from '../topology/tombstones'
import type { DslContext, GraphReference } from './graph-reference'

/** Of the node behind an operator that gets its late records. Takes an index. */
export const lateName = ({ naming }: DslContext, given: string | undefined): string =>
  naming.suffixedNode('KSTREAM-LATE-', given, '-late')

/** The late records of the operator `parent`, which gets its records from `source`. Their values are those of `requirement`. */
export function lateRecords<K, V>(
  parent: NodeId,
  name: string,
  source: GraphReference<K, V>,
  { typedWithoutNull }: ValueRequirement = source,
): GraphReference<K, V> {
  return { ...source, typedWithoutNull, name, node: source.context.graph.add([parent], { kind: 'late-records', name }) }
}
