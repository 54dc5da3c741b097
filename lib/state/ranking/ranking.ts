import { StreamsError } from '../../errors'

/** What values are ranked by. The highest comes first: numbers and bigints by their size, then text by its UTF-16 code units. */
export type Rank = number | bigint | string

/** Below 0 if `a` comes before `b`. */
export const byRank = (a: Rank, b: Rank): number => {
  const isText = typeof a === 'string'
  if (isText !== (typeof b === 'string')) return isText ? 1 : -1
  return a > b ? -1 : a < b ? 1 : 0
}

/**
 * Returns what values are ranked by: the highest comes first. The type of a method, so that a stream of a narrower type is
 * still one of the wider type.
 */
export type RankSelector<K, V> = { by(value: V, key: K): Rank }['by']

/** The same, which fails for what has no rank. */
export function checkedRank<K, V>(by: RankSelector<K, V>): RankSelector<K, V> {
  return (value, key) => {
    const rank: unknown = by(value, key)
    if (typeof rank === 'bigint' || typeof rank === 'string' || (typeof rank === 'number' && !Number.isNaN(rank))) {
      return rank
    }
    throw new StreamsError(
      'PROCESSING_FAILED',
      `\`by\` returned ${typeof rank === 'object' && rank !== null ? 'an object' : String(rank)}, and values are ranked by numbers, ` +
        'bigints or text: filter the values that have no rank before they are grouped',
    )
  }
}
