import type { Calls } from './generate-calls'
import { failing } from './generate-failures'
import type { Op } from './program'
import type { Random } from './random'

/** Processors in a row that schedule, cancel, forward and write by both clocks. */
export const punctuations = (random: Random, start: number): Calls => {
  const topics = random.chance(0.5) ? ['i0'] : ['i0', 'i1']
  const ops: Op[] = [{ op: 'stream', topics }]
  const inARow = random.between(1, 3)
  for (let on = 0; on < inARow; on++) {
    const store = random.chance(0.5) ? { store: `st${on}`, ...(random.chance(0.4) && { caching: true }) } : {}
    ops.push({ op: 'process', on, f: `${failing(random, 0.1)}${ticks(random, start)}`, ...store })
  }
  ops.push({ op: 'to', on: inARow, topic: 'o0' })
  return { ops, topics }
}

const ticks = (random: Random, start: number): string => {
  const clock = random.pick(['stream', 'wall'])
  const act = random.pick(['plain', 'twice', 'again', 'put', 'put', 'past'])
  const from = random.chance(0.6) ? '-' : Math.max(0, start + random.between(-60, 60))
  return `ticks:${random.pick([1, 3, 5, 10, 10, 20, 50])}:${clock}:${act}:${from}`
}
