import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { KAFKA_VERSION } from '../support/kafka-broker'
import type { Watcher } from './contest'
import type { Contestant } from './contestants'
import type { Measured } from './runs/run'
import type { Result, Summary } from './summary'
import type { Workload } from './workload'

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const percent = (share: number): string => `${Math.round(share * 100)} %`
const ratioText = (ratio: number | undefined): string => (ratio === undefined ? '–' : ratio.toFixed(2))

const MOST_REMARKS = 3

/** A line for each turn. */
export const printTurns = (workload: Workload, records: number): Watcher => ({
  turn: (round, contestant, measured) =>
    console.log(`round ${round}  ${contestant.padEnd(8)}  ${turnText(workload, records, measured)}`),
  round: (round, disturbed) => {
    if (disturbed) console.log(`round ${round}  disturbed: other processes kept the machine busy`)
  },
  wrongResults: (contestant, difference) => console.log(`the results of ${contestant} are wrong: ${difference}`),
  remarks: (contestant, lines) => {
    for (const line of lines.slice(0, MOST_REMARKS)) console.log(`${contestant} says: ${line}`)
    if (lines.length > MOST_REMARKS) console.log(`${contestant} says ${lines.length - MOST_REMARKS} more lines`)
  },
})

const turnText = ({ unit = 'records', run }: Workload, records: number, measured: Measured): string => {
  const { seconds, warmSeconds, latency, usage } = measured
  const broker = usage.brokerCpuSeconds === undefined ? '' : `, broker ${usage.brokerCpuSeconds.toFixed(1)} CPU s`
  const used = `${usage.peakRssMb} MB${broker}, others ${percent(usage.othersShare)} of the machine`
  if (run.kind === 'paced') {
    const { p50, p99 } = latency!
    const cores = (usage.cpuSecondsBetween / usage.seconds).toFixed(2)
    return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${cores} cores, ${used}`
  }
  const warm = warmSeconds === undefined ? '' : `, second half ${whole(records / 2 / warmSeconds)}/s`
  const rate = `${whole(records / seconds)} ${unit}/s${warm}`
  return `${seconds.toFixed(2)} s = ${rate}, ${usage.cpuSeconds.toFixed(1)} CPU s, ${used}`
}

/** What the row comes to. */
export const printResult = ({ workload, rounds, disturbed, ratios, summaries, othersShare }: Result): void => {
  const named = Object.entries(ratios).map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`)
  console.log(`${workload.name}: java / millrace: ${named.join(', ')} (${rounds} rounds)`)
  for (const [contestant, { cpuSecondsPerMillion, peakRssMb, brokerCpuSecondsPerMillion: broker }] of summaries) {
    const cpu = `${cpuSecondsPerMillion.toFixed(2)} CPU s, broker ${broker?.toFixed(2) ?? '–'} CPU s per million`
    console.log(`  ${contestant.padEnd(8)}  ${cpu}, ${whole(peakRssMb)} MB`)
  }
  if (disturbed) console.log(`  disturbed: others took ${percent(othersShare)} of the machine; run it on a quiet one`)
}

export const DOCUMENT = join(__dirname, '..', '..', 'docs', 'performance.md')
const BEGIN = '<!-- figures: written by npm run bench -- all -->'
const END = '<!-- end of figures -->'

/** Into docs/performance.md. */
export const writeFigures = (results: readonly Result[], date: Date): void =>
  writeFileSync(DOCUMENT, withFigures(readFileSync(DOCUMENT, 'utf8'), figures(results, date)))

/** The page with other figures between its two marks. */
export const withFigures = (page: string, figures: string): string => {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks the marks '${BEGIN}' and '${END}'`)
  return `${page.slice(0, from)}${BEGIN}\n\n${figures}\n\n${page.slice(to)}`
}

/** The tables, as Markdown. */
export const figures = (results: readonly Result[], date: Date): string => {
  const of = (...kinds: Workload['run']['kind'][]): Result[] =>
    results.filter(({ workload }) => kinds.includes(workload.run.kind))
  const throughput = of('drain').map((result) => {
    const { ratios } = result
    return [
      nameOf(result),
      length(result),
      pair(result, ({ perSecond }) => whole(perSecond)),
      ratioText(ratios['whole']),
      ratioText(ratios['warm']),
      ...resources(result),
    ]
  })
  const starts = of('restore', 'warm-start').map((result) => [
    nameOf(result),
    length(result),
    pair(result, ({ seconds }) => seconds.toFixed(2)),
    ratioText(result.ratios['whole']),
    ...resources(result),
  ])
  const pacedRows = of('paced').map((result) => [
    nameOf(result),
    length(result),
    pair(result, ({ p50 }) => p50!.toFixed(1)),
    pair(result, ({ p99 }) => p99!.toFixed(1)),
    pair(result, ({ cores }) => cores.toFixed(2)),
    pair(result, ({ peakRssMb }) => whole(peakRssMb)),
  ])
  const resourceNames = ['CPU s per million', 'memory, MB', 'broker CPU s per million']
  const blocks = [
    conditions(results, date),
    table(['row', 'length', 'per second', 'ratio', 'warm ratio', ...resourceNames], throughput),
    table(['row', 'length', 'seconds', 'ratio', ...resourceNames], starts),
    table(['row', 'length', 'p50, ms', 'p99, ms', 'cores', 'memory, MB'], pacedRows),
    ceilings(results),
    latencyFloors(results),
  ]
  return blocks.filter((block) => block !== '').join('\n\n')
}

const conditions = (results: readonly Result[], date: Date): string => {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${whole(totalmem() / 2 ** 30)} GB`
  const least = Math.min(...results.map(({ rounds }) => rounds))
  return (
    `Measured on ${date.toISOString().slice(0, 10)} on ${machine} with the broker on the same machine; Kafka and Kafka Streams ` +
    `${KAFKA_VERSION} with one stream thread, Node ${process.versions.node}. Medians of at least ${least} rounds. ` +
    'Pairs are millrace : Java. A row is measured by `npm run bench -- <row>`.' +
    (results.some(({ disturbed }) => disturbed) ? ' Rows marked with * were disturbed by other processes.' : '')
  )
}

const nameOf = ({ workload, disturbed }: Result): string => `\`${workload.name}\`${disturbed ? ' *' : ''}`
const length = ({ workload, records }: Result): string => `${whole(records)} ${workload.unit ?? 'records'}`

/** Ours first. */
const pair = ({ summaries }: Result, text: (summary: Summary) => string, other: Contestant = 'java'): string =>
  [text(summaries.get('millrace')!), text(summaries.get(other)!)].join(' : ')

const resources = (result: Result): string[] => [
  pair(result, ({ cpuSecondsPerMillion }) => cpuSecondsPerMillion.toFixed(1)),
  pair(result, ({ peakRssMb }) => whole(peakRssMb)),
  pair(result, ({ brokerCpuSecondsPerMillion: broker }) => broker?.toFixed(1) ?? '–'),
]

const table = (names: readonly string[], rows: readonly (readonly string[])[]): string => {
  if (rows.length === 0) return ''
  return [names, names.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What our own foundations take, and how much of their speed is left. */
const ceilings = (results: readonly Result[]): string => {
  const rows = results.flatMap((result) => {
    const { workload, summaries } = result
    const ceiling = summaries.get('ceiling')
    if (ceiling === undefined || workload.run.kind === 'paced') return []
    const ours = summaries.get('millrace')!
    const cpu = pair(result, ({ cpuSecondsPerMillion }) => cpuSecondsPerMillion.toFixed(1), 'ceiling')
    const what = workload.run.kind === 'restore' ? 'Kafka client and LevelDB' : 'Kafka client'
    return [[nameOf(result), what, whole(ceiling.perSecond), percent(ours.perSecond / ceiling.perSecond), cpu]]
  })
  return table(['row', 'ceiling', 'per second', 'of it, we reach', 'CPU s per million, ours : ceiling'], rows)
}

/** What the client alone takes to pass records on. */
const latencyFloors = (results: readonly Result[]): string => {
  const measured = results.filter(
    ({ workload, summaries }) => workload.run.kind === 'paced' && summaries.has('ceiling'),
  )
  const rows = measured.map((result) => [
    nameOf(result),
    pair(result, ({ p50 }) => p50!.toFixed(1), 'ceiling'),
    pair(result, ({ p99 }) => p99!.toFixed(1), 'ceiling'),
  ])
  return table(['row', 'p50, ms, ours : Kafka client', 'p99, ms, ours : Kafka client'], rows)
}
