import { callback, options } from '../../arguments'
import type { RankSelector } from '../../state/ranking/ranking'
import { type Materialized, MATERIALIZED_KINDS } from './materialized'
import { SESSION_MATERIALIZED_KINDS, type WindowMaterialized, WINDOW_MATERIALIZED_KINDS } from './window-materialized'

/** What the values of a key are ranked by. */
export interface RankedBy<K, V> {
  /** A number, bigint or text for each value: the highest comes first. For the lowest first, negate the number. */
  by: RankSelector<K, V>
}

const BY = callback('a function that returns what values are ranked by')

export const RANKED = options<RankedBy<never, never> & Materialized<never, never>>({ ...MATERIALIZED_KINDS, by: BY }, [
  'by',
])

export const WINDOW_RANKED = options<RankedBy<never, never> & WindowMaterialized<never, never>>(
  { ...WINDOW_MATERIALIZED_KINDS, by: BY },
  ['by'],
)

export const SESSION_RANKED = options<RankedBy<never, never> & WindowMaterialized<never, never>>(
  { ...SESSION_MATERIALIZED_KINDS, by: BY },
  ['by'],
)
