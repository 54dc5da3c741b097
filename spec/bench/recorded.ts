import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ratios, Result } from './summary'

/** The ratios of the last full run on a quiet machine, by row. */
export type Recorded = Readonly<Record<string, Ratios>>

const FILE = join(__dirname, 'recorded.json')

/** Of what was recorded; below it, something has become slower than what the same row's runs differ by. */
export const WORST_SHARE = 0.85

export const readRecorded = (): Recorded =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Recorded) : {}

export const writeRecorded = (results: readonly Result[]): void => {
  const rounded = (ratios: Ratios): Ratios =>
    Object.fromEntries(Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toFixed(2))]))
  const recorded = Object.fromEntries(results.map(({ workload, ratios }) => [workload.name, rounded(ratios)]))
  writeFileSync(FILE, JSON.stringify(recorded, null, 2) + '\n')
}

/** What is worse than recorded, a line each. A row or ratio without a record has nothing to be worse than. */
export const complaintsOf = (
  results: readonly { readonly workload: { readonly name: string }; readonly ratios: Ratios }[],
  recorded: Recorded,
): string[] =>
  results.flatMap(({ workload: { name }, ratios }) =>
    Object.entries(ratios).flatMap(([ratio, now]) => {
      const then = recorded[name]?.[ratio]
      if (then === undefined || now >= then * WORST_SHARE) return []
      return [`${name}: ${ratio} is ${now.toFixed(2)}, ${Math.round((now / then) * 100)} % of the recorded ${then}`]
    }),
  )
