import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ratios, Result } from './summary'

/** A row as it was measured on a quiet machine. */
export interface RecordedRow {
  /** Ratios depend on it: the longer a run, the more of it the JVM has compiled. */
  readonly records: number
  readonly rounds: number
  readonly ratios: Ratios
}

export interface Recorded {
  /** For those who read the file. */
  readonly how: string
  readonly rows: Readonly<Record<string, RecordedRow>>
}

const FILE = join(__dirname, 'recorded.json')

/** Of what was recorded; below it, something has become slower than what the same row's runs differ by. */
export const WORST_SHARE = 0.85

export const readRecorded = (): Recorded => JSON.parse(readFileSync(FILE, 'utf8')) as Recorded

export const writeRecorded = (results: readonly Result[]): void =>
  writeFileSync(FILE, JSON.stringify(withResults(readRecorded(), results), null, 2) + '\n')

/** A disturbed row keeps the record that it has: to compare with what others did to it would say nothing. */
export const withResults = (
  recorded: Recorded,
  results: readonly Pick<Result, 'workload' | 'records' | 'rounds' | 'ratios' | 'disturbed'>[],
): Recorded => {
  const rounded = (ratios: Ratios): Ratios =>
    Object.fromEntries(Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toFixed(2))]))
  const quiet = results.filter(({ disturbed }) => !disturbed)
  const rows = quiet.map(({ workload, records, rounds, ratios }) => {
    return [workload.name, { records, rounds, ratios: rounded(ratios) }] as const
  })
  return { ...recorded, rows: { ...recorded.rows, ...Object.fromEntries(rows) } }
}

/** What is worse than recorded, a line each. A row or ratio without a record has nothing to be worse than. */
export const complaintsOf = (
  results: readonly { readonly workload: { readonly name: string }; readonly ratios: Ratios }[],
  { rows }: Recorded,
): string[] =>
  results.flatMap(({ workload: { name }, ratios }) =>
    Object.entries(ratios).flatMap(([ratio, now]) => {
      const then = rows[name]?.ratios[ratio]
      if (then === undefined || now >= then * WORST_SHARE) return []
      return [`${name}: ${ratio} is ${now.toFixed(2)}, ${Math.round((now / then) * 100)} % of the recorded ${then}`]
    }),
  )
