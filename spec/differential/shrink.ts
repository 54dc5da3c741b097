import { compare } from './compare'
import type { JavaDriver } from './java-driver'
import { runMillrace } from './millrace'
import type { Op, Program } from './program'

/** The smallest part of a program that is found to differ still. */
export const shrink = async (program: Program, java: JavaDriver): Promise<Program> => {
  const kindOf = async (candidate: Program): Promise<string | undefined> => {
    const result = await java.run(candidate)
    // of what is compared, or why it failed: without the numbers, which change
    return compare(candidate, result, await runMillrace(candidate))[0]?.replace(/\n[^]*|\d+/g, '')
  }
  const kind = await kindOf(program)
  const differs = async (candidate: Program): Promise<boolean> =>
    (await kindOf(candidate).catch(() => undefined)) === kind
  let best = program
  for (let found = true; found;) {
    found = false
    for (const candidate of smaller(best)) {
      if (!(await differs(candidate))) continue
      best = candidate
      found = true
      break
    }
  }
  return best
}

function* smaller(program: Program): Generator<Program> {
  const { ops, inputs } = program
  for (let size = Math.ceil(inputs.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < inputs.length; at += size) {
      const restartAt =
        program.restartAt === undefined
          ? undefined
          : Math.max(0, program.restartAt - (at < program.restartAt ? size : 0))
      yield { ...program, inputs: inputs.filter((_, i) => i < at || i >= at + size), restartAt }
    }
  }
  for (let i = ops.length - 1; i >= 0; i--) {
    const left = without(ops, i)
    if (!left) continue
    const topics = new Set(left.flatMap(({ topic, topics = [], op }) => (op === 'to' ? [] : [...topics, topic])))
    const sent = inputs.filter((input) => typeof input === 'number' || topics.has(input[0]))
    yield {
      ...program,
      ops: left,
      inputs: sent,
      restartAt: program.restartAt && Math.min(program.restartAt, sent.length),
    }
  }
  if (program.restartAt !== undefined) yield { ...program, restartAt: undefined }
  if (program.config.cache > 0) yield { ...program, config: { ...program.config, cache: 0 } }
  if (program.config.optimization === 'all') yield { ...program, config: { ...program.config, optimization: 'none' } }
}

/** How many values a call gives. */
const given = ({ op, branches = [], default: withDefault }: Op): number =>
  op === 'to' ? 0 : op === 'split' ? branches.length + (withDefault ? 1 : 0) : 1

/** Without a call whose values nobody uses; a call that keeps its stream's kind is skipped over. */
const without = (ops: readonly Op[], at: number): Op[] | undefined => {
  const op = ops[at]!
  const first = ops.slice(0, at).reduce((sum, before) => sum + given(before), 0)
  const count = given(op)
  const uses = (value: number | undefined): boolean => value !== undefined && value >= first && value < first + count
  const later = ops.slice(at + 1)
  const isUsed = later.some((next) => uses(next.on) || uses(next.with) || next.parts?.some(([group]) => uses(group)))
  if (isUsed && (count !== 1 || !SKIPPED.has(op.op))) return undefined
  const renumbered = (value: number | undefined): number | undefined =>
    value === undefined || value < first ? value : uses(value) ? op.on : value - count
  return [
    ...ops.slice(0, at),
    ...later.map(
      (next) =>
        JSON.parse(
          JSON.stringify({
            ...next,
            on: renumbered(next.on),
            with: renumbered(next.with),
            parts: next.parts?.map(([group, f]) => [renumbered(group), f]),
          }),
        ) as Op,
    ),
  ]
}

const SKIPPED = new Set([
  'filter',
  'filterNot',
  'mapValues',
  'flatMapValues',
  'peek',
  'repartition',
  'selectKey',
  'map',
  'flatMap',
  'process',
  'processValues',
  'merge',
  'tableFilter',
  'tableFilterNot',
  'tableMapValues',
  'transformValues',
  'suppress',
  'tableTableJoin',
  'foreignKeyJoin',
])
