import { parseCommandLine, type Parsed } from '../support/command-line'
import { COSTS } from './costs'
import { WORKLOADS } from './workloads'

const OPTIONS = {
  list: { type: 'flag', help: 'Name the rows, with a line each, and end' },
  records: { type: 'number', help: 'How many records (words, for a word count); default: what --list says' },
  rounds: { type: 'number', default: 3, help: 'How often each contestant runs; figures are medians' },
  'extra-rounds': {
    type: 'number',
    least: 0,
    default: 3,
    help: 'How many more rounds may replace those that other processes disturbed',
  },
  guarantee: {
    type: 'text',
    value: 'NAME',
    choices: ['at_least_once', 'exactly_once'],
    help: "Processing guarantee; default: the row's own",
  },
  quix: { type: 'flag', help: 'Quix Streams (Python 3.9 or newer) takes part in the rows that it can do' },
  check: { type: 'flag', help: 'Compare ratios with the recorded ones, at their lengths, and fail below 85 % of one' },
} as const

const LINE = {
  command: 'npm run bench --',
  about: `Measures millrace against Java Kafka Streams: one row of docs/performance.md, or all of them. Both take turns on
the same topics and have to write the same results. 'all' takes three to four hours and rewrites the table in
docs/performance.md and spec/bench/recorded.json, unless an option makes its rows other ones.
The broker is the one that KAFKA_BOOTSTRAP_SERVERS names, else one started for the run.
Needs Linux, Java 17 or newer and Maven.`,
  commands: {
    all: 'Every row',
    ...Object.fromEntries(WORKLOADS.map(({ name, description }) => [name, description])),
    ...Object.fromEntries(Object.entries(COSTS).map(([name, { description }]) => [name, description])),
  },
  options: OPTIONS,
} as const

export const parseBenchArguments = (args: readonly string[]): Parsed<typeof OPTIONS> => {
  if (args.includes('--list')) return { kind: 'stop', text: listing(), exitCode: 0 }
  const parsed = parseCommandLine(LINE, args)
  if (parsed.kind === 'run' && parsed.values.check && isSpecial(parsed.values)) {
    return { kind: 'stop', text: '--check is of rows as they are: drop --records and --guarantee', exitCode: 2 }
  }
  return parsed
}

/** The rows are other ones than those that are recorded. */
export const isSpecial = ({
  records,
  guarantee,
}: {
  readonly records: number | undefined
  readonly guarantee: string | undefined
}): boolean => records !== undefined || guarantee !== undefined

const listing = (): string => {
  const width = Math.max(...WORKLOADS.map(({ name }) => name.length)) + 2
  return WORKLOADS.map(({ name, description, records, unit = 'records' }) => {
    return `${name.padEnd(width)}${description} (${records.toLocaleString('en')} ${unit})`
  }).join('\n')
}
