import type { ValueJoiner } from './callbacks'

/** Which rows, or records, have a result: those with both values, with the left one, or with either. */
export type JoinKind = 'inner' | 'left' | 'outer'

/** The values' types are those of the two tables; the DSL has checked them. */
export interface TableJoin<K, VR> {
  readonly kind: JoinKind
  readonly joiner: ValueJoiner<K, unknown, unknown, VR | null>
}

/** The result of two rows, if they have one. */
export const joined = <K, VR>({ kind, joiner }: TableJoin<K, VR>, left: unknown, right: unknown, key: K): VR | null => {
  if (left === null && (kind !== 'outer' || right === null)) return null
  if (right === null && kind === 'inner') return null
  return joiner(left, right, key) ?? null
}
