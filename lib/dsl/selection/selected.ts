import type { NewNode } from '../../topology/graph/nodes'
import { append, type GraphReference } from '../graph-reference'

/** The records that an operator forwards, and those that came too late for it, if they are asked for. */
export interface Selected<K, V> {
  readonly records: GraphReference<K, V>
  readonly late: GraphReference<K, V> | undefined
}

/** Takes an index. */
export const lateName = ({ context }: GraphReference<unknown, unknown>, given: string | undefined): string =>
  context.naming.suffixedNode('KSTREAM-LATE-', given, '-late')

/** Adds an operator that forwards some of the records as they are, and behind it the node `late` for late ones. */
export function select<K, V>(
  source: GraphReference<K, V>,
  node: NewNode & { readonly name: string },
  late: string | null = null,
): Selected<K, V> {
  const { name } = node
  const records = append(source, node, { ...source, name })
  return { records, late: late === null ? undefined : lateRecords(records.node, source, late) }
}

/** The late records of the operator `parent`, which gets its records from `source`. */
export function lateRecords<K, V>(parent: number, source: GraphReference<K, V>, name: string): GraphReference<K, V> {
  return { ...source, name, node: source.context.graph.add([parent], { kind: 'late-records', name }) }
}
