import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { GoldenCase } from './case'
import { evaluate } from './evaluate'

/** `npm run golden -- [--cases DIR] [--only NAME] [--verbose]`: evaluates every case of a folder. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: join(__dirname, 'cases') },
      only: { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  })
  const failed = new Map<string, string[]>()
  let passed = 0
  for (const file of readdirSync(values.cases)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const golden = JSON.parse(readFileSync(join(values.cases, file), 'utf8')) as GoldenCase
    if (values.only !== undefined && !golden.name.includes(values.only)) continue
    const differences = await evaluate(golden).catch((error: unknown) => [String((error as Error).stack ?? error)])
    if (differences.length === 0) passed++
    else failed.set(golden.family, [...(failed.get(golden.family) ?? []), summary(golden, differences, values.verbose)])
  }
  for (const [family, lines] of failed) console.log(`${family}\n${lines.join('\n')}`)
  const failures = [...failed.values()].flat().length
  console.log(`${passed} passed, ${failures} failed`)
  process.exitCode = failures > 0 ? 1 : 0
}

const summary = (golden: GoldenCase, differences: readonly string[], verbose: boolean): string =>
  verbose ? `  ${golden.name}\n${differences.join('\n')}` : `  ${golden.name}: ${differences[0]!.split('\n')[0]}`

void main()
