import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compare } from './compare'
import { generate } from './generate'
import { JavaDriver } from './java-driver'
import { runMillrace } from './millrace'
import type { Program, Result } from './program'
import { shrink } from './shrink'

/** `npm run differential -- [--seed N] [--count N] [--shrink] [--save FILE]`: random programs against the real Java. */
const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      count: { type: 'string', default: '1000' },
      /** Show the smallest part of a program that still differs. */
      shrink: { type: 'boolean', default: false },
      /** Append programs that differ, with Java's results, to this file. */
      save: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  })
  const first = Number(values.seed ?? Date.now() % 1_000_000_000)
  const count = Number(values.count)
  console.log(`seeds ${first} to ${first + count - 1}`)
  const java = await JavaDriver.start()
  const outcome = { passed: 0, failed: 0, refused: 0, thrown: 0 }
  let expected: Promise<Result> | undefined
  try {
    for (let seed = first; seed < first + count; seed++) {
      const program = generate(seed)
      expected ??= java.run(program)
      const result = await expected
      // Java works on the next one meanwhile
      expected = seed + 1 < first + count ? java.run(generate(seed + 1)) : undefined
      expected?.catch(() => {})
      if (result.refused !== undefined) outcome.refused++
      if (result.failed) outcome.thrown++
      const differences = compare(program, result, await runMillrace(program))
      if (differences.length === 0) {
        outcome.passed++
        if (values.verbose && (result.refused ?? result.failed))
          console.log(seed, result.refused ?? result.failed?.message)
        continue
      }
      outcome.failed++
      console.log(`\nseed ${seed}`)
      const small = values.shrink ? await shrink(program, java) : program
      const recorded = values.shrink ? await java.run(small) : result
      await report(small, recorded)
      if (values.save !== undefined)
        appendFileSync(values.save, `${JSON.stringify({ program: small, java: recorded })}\n`)
    }
  } finally {
    await java.stop()
  }
  const { passed, failed, refused, thrown } = outcome
  console.log(`\nof these, Java refused ${refused} topologies and failed in ${thrown}, as millrace did`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

const report = async (program: Program, java: Result): Promise<void> => {
  console.log(`  config ${JSON.stringify(program.config)}, restart at ${program.restartAt ?? 'none'}`)
  for (const [i, op] of program.ops.entries()) console.log(`  op ${i} ${JSON.stringify(op)}`)
  if (program.inputs.length <= 20)
    for (const [i, input] of program.inputs.entries()) console.log(`  input ${i} ${JSON.stringify(input)}`)
  for (const difference of compare(program, java, await runMillrace(program))) console.log(difference)
}

void main()
