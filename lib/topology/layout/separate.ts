/**
 * The positions nearest to the desired ones, by least squares, that keep their order and their distances: pools of
 * neighbours that would overlap move as one (isotonic regression).
 *
 * @param gaps the least distance between each position and the next
 */
export const separate = (desired: readonly number[], gaps: readonly number[]): number[] => {
  const offsets = [0]
  for (const gap of gaps) offsets.push(offsets.at(-1)! + gap)
  const pools: { sum: number; size: number }[] = []
  for (const [index, position] of desired.entries()) {
    let pool = { sum: position - offsets[index]!, size: 1 }
    for (let last = pools.at(-1); last && mean(last) > mean(pool); last = pools.at(-1)) {
      pools.pop()
      pool = { sum: last.sum + pool.sum, size: last.size + pool.size }
    }
    pools.push(pool)
  }
  return pools
    .flatMap((pool) => Array.from({ length: pool.size }, () => mean(pool)))
    .map((position, index) => position + offsets[index]!)
}

const mean = ({ sum, size }: { sum: number; size: number }): number => sum / size
