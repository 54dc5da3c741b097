import type { NewNode } from '../../topology/graph/nodes'
import { append, type GraphReference } from '../graph-reference'
import { lateRecords } from '../late-records'

/** The records that an operator forwards, and those that came too late for it, if they are asked for. */
export interface Selected<K, V> {
  readonly records: GraphReference<K, V>
  readonly late: GraphReference<K, V> | undefined
}

/** Adds an operator that forwards some of the records as they are, and behind it the node `late` for late ones. */
export function select<K, V>(
  source: GraphReference<K, V>,
  node: NewNode & { readonly name: string },
  late?: string,
): Selected<K, V> {
  const { name } = node
  const records = append(source, node, { ...source, name })
  return { records, late: late === undefined ? undefined : lateRecords(records.node, late, source) }
}
