import type { Round } from './contest'
import type { Contestant } from './contestants'
import { countingRounds, median } from './statistics'
import type { Measured } from './runs/run'
import type { Workload } from './workload'

/** Medians of a contestant's rounds. CPU time is that of the whole process, start-up included. */
export interface Summary {
  /** Of work: records, or what the row counts. */
  readonly perSecond: number
  readonly seconds: number
  readonly cpuSecondsPerMillion: number
  readonly peakRssMb: number
  readonly brokerCpuSecondsPerMillion: number | undefined
  /** Of a paced run: how many cores it kept busy. */
  readonly cores: number
  readonly p50: number | undefined
  readonly p99: number | undefined
}

/** Above 1, ours is better: it takes that many times less of what the name says. */
export type Ratios = Readonly<Record<string, number>>

export interface Result {
  readonly workload: Workload
  readonly records: number
  /** How many count, and whether others kept the machine busy in them. */
  readonly rounds: number
  readonly disturbed: boolean
  readonly othersShare: number
  readonly summaries: ReadonlyMap<Contestant, Summary>
  readonly ratios: Ratios
}

const PER_MILLION = 1e6

export const summarize = (workload: Workload, records: number, run: readonly Round[], wantedRounds: number): Result => {
  const { rounds, disturbed } = countingRounds(run, wantedRounds)
  const of = (contestant: Contestant): Measured[] => rounds.flatMap(({ turns }) => turns.get(contestant) ?? [])
  const contestants = [...rounds[0]!.turns.keys()]
  const all = rounds.flatMap(({ turns }) => [...turns.values()])
  return {
    workload,
    records,
    rounds: rounds.length,
    disturbed,
    othersShare: median(all.map(({ usage }) => usage.othersShare)),
    summaries: new Map(contestants.map((contestant) => [contestant, summaryOf(workload, records, of(contestant))])),
    ratios: ratiosOf(workload, of('java'), of('millrace')),
  }
}

const summaryOf = (workload: Workload, records: number, runs: readonly Measured[]): Summary => {
  const of = (value: (run: Measured) => number): number => median(runs.map(value))
  const paced = workload.run.kind === 'paced'
  const millions = records / PER_MILLION
  const broker = (): number => of(({ usage }) => usage.brokerCpuSeconds!) / millions
  return {
    seconds: of(({ seconds }) => seconds),
    perSecond: records / of(({ seconds }) => seconds),
    cpuSecondsPerMillion: of(({ usage }) => usage.cpuSeconds) / millions,
    peakRssMb: of(({ usage }) => usage.peakRssMb),
    brokerCpuSecondsPerMillion: runs.every(({ usage }) => usage.brokerCpuSeconds !== undefined) ? broker() : undefined,
    cores: of(({ usage }) => usage.cpuSecondsBetween / usage.seconds),
    p50: paced ? of(({ latency }) => latency!.p50) : undefined,
    p99: paced ? of(({ latency }) => latency!.p99) : undefined,
  }
}

const ratiosOf = ({ run }: Workload, java: readonly Measured[], ours: readonly Measured[]): Ratios => {
  const ratio = (value: (run: Measured) => number): number => median(java.map(value)) / median(ours.map(value))
  const cpu = ratio(({ usage }) => (run.kind === 'paced' ? usage.cpuSecondsBetween : usage.cpuSeconds))
  const memory = ratio(({ usage }) => usage.peakRssMb)
  switch (run.kind) {
    case 'drain':
      return { whole: ratio(({ seconds }) => seconds), warm: ratio(({ warmSeconds }) => warmSeconds!), cpu, memory }
    case 'restore':
    case 'warm-start':
      return { whole: ratio(({ seconds }) => seconds), cpu, memory }
    case 'paced':
      return { p50: ratio(({ latency }) => latency!.p50), p99: ratio(({ latency }) => latency!.p99), cpu, memory }
  }
}
