import { refuses } from './functions'
import type { Op, Program } from './program'
import type { Random } from './random'

/** What is put before the words of a function that may fail. */
export const failing = (random: Random, probability: number): string => {
  if (!random.chance(probability)) return ''
  const modulus = random.between(4, 12)
  return `fail:${modulus}:${random.below(modulus)}/`
}

/** The same program, some of whose functions fail on some records. */
export const withFailures = (program: Program, random: Random): Program =>
  withDeadLetters({ ...program, ops: program.ops.map((op) => withFailing(op, random)) }, random)

/** Mostly, an exception handler lets programs continue after failures. */
export const withDeadLetters = (program: Program, random: Random): Program =>
  random.chance(0.8) ? { ...program, config: { ...program.config, deadLetters: true } } : program

const withFailing = (op: Op, random: Random): Op => {
  // what fails as it leaves the buffer of such a join stays in it in Java, and fails again with every record
  if (op.op === 'tableJoin' && op.grace !== undefined) return op
  const also = (words: string): string => failing(random, 0.3) + words
  const { f, kf, sub, merge, parts, branches } = op
  return {
    ...op,
    ...(f !== undefined && { f: also(f) }),
    ...(kf !== undefined && { kf: ofKey(op, also(kf), kf) }),
    ...(sub !== undefined && { sub: also(sub) }),
    ...(merge !== undefined && { merge: also(merge) }),
    ...(parts && { parts: parts.map(([group, words]) => [group, also(words)] as const) }),
    ...(branches && { branches: branches.map(also) }),
  }
}

/** Java asks the selector of a join with a global table even about a record without a value, which it drops. */
const ofKey = ({ op }: Op, failing: string, words: string): string =>
  op === 'globalJoin' && refuses(failing, 'null') ? words : failing
