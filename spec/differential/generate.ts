import { withDeadLetters, withFailures } from './generate-failures'
import { generateInputs } from './generate-inputs'
import { type Calls, Generator } from './generate-calls'
import { punctuations } from './generate-punctuations'
import { storeCalls } from './generate-stores'
import type { Program } from './program'
import { Random } from './random'

/** What programs are about: the DSL, stores of processors, functions that fail, or punctuations. */
export const SUBJECTS = ['dsl', 'stores', 'failures', 'punctuations'] as const

export type Subject = (typeof SUBJECTS)[number]

/** The program of a seed: always the same one. */
export const generate = (seed: number, subject: Subject = 'dsl'): Program => {
  const random = new Random(seed)
  const start = random.weighted([
    [0, 2],
    [100, 3],
    [1_000, 3],
    [1_700_000_000_000, 1],
  ])
  switch (subject) {
    case 'dsl':
      return ofDsl(seed, random, start)
    case 'failures':
      return withFailures(ofDsl(seed, random, start), random)
    case 'stores':
      return ofProcessors(seed, random, start, storeCalls(random), { clockMoves: 0.03 })
    case 'punctuations': {
      const program = ofProcessors(seed, random, start, punctuations(random, start), { clockMoves: 0.3 })
      return withDeadLetters(program, random)
    }
  }
}

const ofProcessors = (
  seed: number,
  random: Random,
  start: number,
  { ops, topics }: Calls,
  { clockMoves }: { clockMoves: number },
): Program => {
  const config = { cache: random.pick([0, 10_485_760]), inMemory: random.chance(0.4), optimization: 'none' as const }
  return { seed, config, start, ops, inputs: generateInputs(random, topics, start, clockMoves) }
}

const ofDsl = (seed: number, random: Random, start: number): Program => {
  const { ops, topics }: Calls = new Generator(random, start).calls()
  // What is evicted from a small cache depends on all that is in it. Java's driver puts global tables into the same cache,
  // which an application doesn't, and its stores for windows that are emitted as they close cache an index, too. A sliding
  // window that is evicted while a record is applied to it misses the record, in Java.
  const isOdd = ops.some(({ op, close, win }) => op === 'globalTable' || close || win?.type === 'sliding')
  const config = {
    cache: random.weighted([
      [0, 4],
      [10_485_760, 4],
      [isOdd ? 0 : 300, 1],
    ]),
    inMemory: random.chance(0.4),
    optimization: random.chance(0.3) ? ('all' as const) : ('none' as const),
  }
  const inputs = generateInputs(random, topics, start)
  // Java restores the buffer of a grace join wrongly (java-formats.md 3.10), which is not copied
  const restartable = !ops.some(({ op, grace }) => op === 'tableJoin' && grace !== undefined)
  const restartAt = restartable && random.chance(0.5) ? random.between(1, inputs.length - 1) : undefined
  return { seed, config, start, ops, inputs, ...(restartAt !== undefined && { restartAt }) }
}
