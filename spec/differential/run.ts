import { deepStrictEqual } from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { readCommandLine } from '../support/command-line'
import { compare, hashed } from './compare'
import { generate, SUBJECTS } from './generate'
import { JavaDriver } from './java-driver'
import { generateForTasks } from './many-tasks/generate'
import { deploymentOf } from './many-tasks/deployment'
import { runInManyTasks, runInOneTask } from './many-tasks/run'
import { runMillrace } from './millrace'
import type { Program, Result } from './program'
import { shrink } from './shrink'

/** Longer ones are not worth their place in the corpus. */
const LONGEST_RECORDED = 12_000
/** Programs between two lines of progress. */
const PROGRESS_EVERY = 100

const { values } = readCommandLine({
  command: 'npm run differential --',
  about: `Generates random programs and runs each in millrace and in the real Java Kafka Streams: all results must be equal.
A program follows from its seed, so a seed that differs can be run again. Needs Java 17 or newer and Maven.`,
  options: {
    seed: { type: 'number', least: 0, help: 'Seed of the first program (default: taken from the clock)' },
    about: {
      type: 'text',
      value: 'SUBJECT',
      choices: SUBJECTS,
      default: 'dsl',
      help: 'What random programs are about: dsl, stores of processors, failures of functions, or punctuations',
    },
    count: { type: 'number', default: 1000, help: 'How many programs' },
    programs: { type: 'text', value: 'FILE', help: 'Run the programs recorded in this file in place of random ones' },
    shrink: { type: 'flag', help: 'Print the smallest part of a program that still differs' },
    save: { type: 'text', value: 'FILE', help: "Append programs that differ to this file, with Java's results" },
    record: { type: 'text', value: 'FILE', help: "Append short programs that agree to this file, with Java's results" },
    'many-tasks': {
      type: 'flag',
      help: `Compare millrace with itself instead: one task against an application with many tasks,
on the brokers of KAFKA_BOOTSTRAP_SERVERS, else on an embedded Kafka. Needs no Java`,
    },
    verbose: { type: 'flag', help: 'Print what Java refuses, too' },
  },
})

const main = async (): Promise<void> => {
  if (values['many-tasks']) return compareTasks(seedsOf(values.seed, values.count))
  const programs =
    values.programs === undefined
      ? seedsOf(values.seed, values.count).map((seed) => generate(seed, values.about))
      : recorded(values.programs)
  const java = await JavaDriver.start()
  const outcome = { passed: 0, failed: 0, refused: 0, thrown: 0 }
  let expected = java.run(programs[0]!)
  try {
    for (const [i, program] of programs.entries()) {
      if (i > 0 && i % PROGRESS_EVERY === 0) console.error(`${i} of ${programs.length}, ${outcome.failed} failed`)
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

const seedsOf = (seed: number | undefined, count: number): number[] => {
  const first = seed ?? Date.now() % 1_000_000_000
  console.log(`seeds ${first} to ${first + count - 1}`)
  return Array.from({ length: count }, (_, i) => first + i)
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
