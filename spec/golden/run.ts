import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCommandLine } from '../support/command-line'
import type { GoldenCase } from './case'
import { evaluate } from './evaluate'

const { values } = readCommandLine({
  command: 'npm run golden --',
  about: `Runs recorded cases of Java Kafka Streams 4.2 in millrace and compares everything that can be seen: outputs with
timestamps and headers, stores, changelogs, topic names, describe() and errors. Needs no broker and no Java.`,
  options: {
    cases: { type: 'text', value: 'FOLDER', help: 'Where the cases are (default: spec/golden/cases)' },
    only: { type: 'text', value: 'NAME', help: 'Only the cases with this in their name' },
    verbose: { type: 'flag', help: 'Print all differences of a case that fails, not just the first line' },
  },
})

/** Evaluates every case of a folder. */
async function main(): Promise<void> {
  const failed = new Map<string, string[]>()
  let passed = 0
  const folder = values.cases ?? join(__dirname, 'cases')
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const golden = JSON.parse(readFileSync(join(folder, file), 'utf8')) as GoldenCase
    if (values.only !== undefined && !golden.name.includes(values.only)) continue
    const differences = await evaluate(golden).catch((error: unknown) => [String((error as Error).stack ?? error)])
    if (differences.length === 0) passed++
    else failed.set(golden.family, [...(failed.get(golden.family) ?? []), summary(golden, differences, values.verbose)])
  }
  for (const [family, lines] of failed) console.log(`${family}\n${lines.join('\n')}`)
  const failures = [...failed.values()].flat().length
  console.log(`${passed} passed, ${failures} failed`)
  process.exitCode = failures > 0 || passed === 0 ? 1 : 0 // no case at all is a mistake in --only or --cases
}

const summary = (golden: GoldenCase, differences: readonly string[], verbose: boolean): string =>
  verbose ? `  ${golden.name}\n${differences.join('\n')}` : `  ${golden.name}: ${differences[0]!.split('\n')[0]}`

void main()
