import { deepStrictEqual } from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compare, hashed } from './compare'
import { generate } from './generate'
import { JavaDriver } from './java-driver'
import { generateForTasks } from './many-tasks/generate'
import { deploymentOf } from './many-tasks/deployment'
import { runInManyTasks, runInOneTask } from './many-tasks/run'
import { runMillrace } from './millrace'
import type { Program, Result } from './program'
import { shrink } from './shrink'

/** Longer ones are not worth their place in the corpus. */
const LONGEST_RECORDED = 12_000

/** `npm run differential -- [--seed N] [--count N]`: random programs against the real Java, or one task against many. */
const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      /** Of the first program. */
      seed: { type: 'string' },
      count: { type: 'string', default: '1000' },
      /** Run the programs of a recorded file again, in place of fresh ones. */
      programs: { type: 'string' },
      /** Show the smallest part of a program that still differs. */
      shrink: { type: 'boolean', default: false },
      /** Append programs that differ, with Java's results, to this file. */
      save: { type: 'string' },
      /** Append short programs that don't differ, with Java's results, to this file. */
      record: { type: 'string' },
      /** Other programs, which are compared with themselves: in one task, and in an application with many on KAFKA_BOOTSTRAP_SERVERS, else on an embedded Kafka. */
      'many-tasks': { type: 'boolean', default: false },
      /** Show what Java refuses, too. */
      verbose: { type: 'boolean', default: false },
    },
  })
  if (values['many-tasks']) return compareTasks(seedsOf(values.seed, values.count))
  const programs =
    values.programs === undefined ? seedsOf(values.seed, values.count).map(generate) : recorded(values.programs)
  const java = await JavaDriver.start()
  const outcome = { passed: 0, failed: 0, refused: 0, thrown: 0 }
  let expected = java.run(programs[0]!)
  try {
    for (const [i, program] of programs.entries()) {
      const result = await expected
      const next = programs[i + 1]
      if (next) {
        // Java works on it meanwhile
        expected = java.run(next)
        expected.catch(() => {})
      }
      if (result.refused !== undefined) outcome.refused++
      if (result.failed) outcome.thrown++
      if (compare(program, result, await runMillrace(program)).length === 0) {
        outcome.passed++
        const complaint = result.refused ?? result.failed?.message
        if (values.verbose && complaint !== undefined) console.log(program.seed, complaint)
        if (values.record !== undefined) write(values.record, program, result, LONGEST_RECORDED)
        continue
      }
      outcome.failed++
      console.log(`\nseed ${program.seed}`)
      const small = values.shrink ? await shrink(program, java) : program
      const smallResult = values.shrink ? await java.run(small) : result
      await report(small, smallResult)
      if (values.save !== undefined) write(values.save, small, smallResult)
    }
  } finally {
    await java.stop()
  }
  const { passed, failed, refused, thrown } = outcome
  console.log(`\nof these, Java refused ${refused} topologies and failed in ${thrown}, as millrace did`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

const seedsOf = (seed: string | undefined, count: string): number[] => {
  const first = Number(seed ?? Date.now() % 1_000_000_000)
  console.log(`seeds ${first} to ${first + Number(count) - 1}`)
  return Array.from({ length: Number(count) }, (_, i) => first + i)
}

const compareTasks = async (seeds: readonly number[]): Promise<void> => {
  const servers = process.env['KAFKA_BOOTSTRAP_SERVERS']
  const kafka = servers ? { brokers: servers.split(',') } : undefined
  // brokers drop what is old
  const start = kafka && Math.floor(Date.now() / 100_000) * 100_000
  let failed = 0
  for (const seed of seeds) {
    const program = generateForTasks(seed, start)
    const deployment = deploymentOf(program)
    try {
      deepStrictEqual(await runInManyTasks(program, deployment, kafka), await runInOneTask(program))
    } catch (error) {
      failed++
      console.log(`\nseed ${seed}, ${JSON.stringify(deployment)}`)
      show(program)
      console.log(error)
    }
  }
  console.log(`${seeds.length - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

const recorded = (file: string): Program[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { program: Program }).program)

const write = (file: string, program: Program, { describe, ...result }: Result, longest = Infinity): void => {
  const java = { ...result, ...(describe !== undefined && { describe: hashed(describe) }) }
  const line = JSON.stringify({ program, java })
  if (line.length <= longest) appendFileSync(file, `${line}\n`)
}

const report = async (program: Program, java: Result): Promise<void> => {
  show(program)
  for (const difference of compare(program, java, await runMillrace(program))) console.log(difference)
}

const show = (program: Program): void => {
  console.log(`  config ${JSON.stringify(program.config)}, restart at ${program.restartAt ?? 'none'}`)
  for (const [i, op] of program.ops.entries()) console.log(`  op ${i} ${JSON.stringify(op)}`)
  const shown = program.inputs.length <= 20 ? program.inputs : []
  for (const [i, input] of shown.entries()) console.log(`  input ${i} ${JSON.stringify(input)}`)
}

void main()
