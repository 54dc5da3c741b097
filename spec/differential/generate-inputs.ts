import type { Input } from './program'
import type { Random } from './random'

/**
 * Records for these topics: out of order, late, at equal times, deletes, without a key; and moves of the wall clock, as often
 * as this probability says.
 */
export const generateInputs = (
  random: Random,
  topics: readonly string[],
  start: number,
  clockMoves = 0.03,
): Input[] => {
  const keys = ['a', 'b', 'c', 'd'].slice(0, random.between(1, 4))
  const jumps = random.chance(0.1) ? [60_000, 100_000, 130_000] : [40, 80, 150]
  const step = random.pick([2, 5, 10])
  const inputs: Input[] = []
  let time = start
  for (let left = random.between(8, 36); left > 0; left--) {
    if (random.chance(clockMoves)) {
      inputs.push(random.pick([1, 10, 100, 1_000]))
      continue
    }
    const topic = random.pick(topics)
    const isTable = /^[tg]/.test(topic)
    time += random.weighted<number>([
      [0, 3],
      [1, 2],
      [random.between(1, step), 5],
      [random.pick(jumps), 0.4],
    ])
    const late = random.chance(0.25)
      ? random.weighted([
          [random.between(1, 12), 4],
          [random.between(10, 60), 1],
        ])
      : 0
    const key = random.chance(0.03) ? null : random.pick(keys)
    const value = random.chance(isTable ? 0.18 : 0.05) ? null : random.pick(keys) + random.below(10)
    const record = [topic, key, value, Math.max(0, time - late)] as const
    inputs.push(random.chance(0.15) ? [...record, String(random.below(10))] : record)
  }
  return inputs
}
