import type { Round } from './contest'
import type { Measured } from './runs/run'
import { summarize } from './summary'
import type { Workload } from './workload'

const workload = { name: 'sample', run: { kind: 'drain' } } as Workload
const paced = { name: 'sample', run: { kind: 'paced', until: 'answered' } } as Workload

const turn = (seconds: number, warmSeconds: number, cpuSeconds: number): Measured => ({
  seconds,
  warmSeconds,
  latency: { p50: seconds * 10, p99: seconds * 100 },
  usage: {
    seconds,
    cpuSeconds,
    cpuSecondsBetween: cpuSeconds / 2,
    peakRssMb: cpuSeconds * 10,
    brokerCpuSeconds: 1,
    othersShare: 0.01,
  },
})

const round = (java: Measured, millrace: Measured, disturbed = false): Round => ({
  turns: new Map([
    ['java', java],
    ['millrace', millrace],
  ]),
  disturbed,
})

describe('summarize', () => {
  const rounds = [
    round(turn(10, 4, 20), turn(5, 2, 8)),
    round(turn(1000, 1, 1), turn(1, 1000, 1), true),
    round(turn(12, 5, 24), turn(4, 1, 6)),
    round(turn(8, 3, 16), turn(6, 3, 10)),
  ]

  it('gives ratios of medians of the undisturbed rounds, above 1 where ours is better', () => {
    const result = summarize(workload, 2_000_000, rounds, 3)
    expect(result).toMatchObject({ rounds: 3, disturbed: false })
    expect(result.ratios).toEqual({ whole: 2, warm: 2, cpu: 2.5, memory: 2.5 })
  })

  it('gives rates, and CPU time per million', () => {
    const { summaries } = summarize(workload, 2_000_000, rounds, 3)
    expect(summaries.get('millrace')).toMatchObject({
      perSecond: 400_000,
      cpuSecondsPerMillion: 4,
      peakRssMb: 80,
      brokerCpuSecondsPerMillion: 0.5,
    })
  })

  it('marks the result where too few rounds were undisturbed', () => {
    expect(summarize(workload, 2_000_000, rounds, 4)).toMatchObject({ rounds: 4, disturbed: true })
  })

  it('compares latency and the CPU time of the measured part at a fixed rate', () => {
    const { ratios, summaries } = summarize(paced, 2_000_000, rounds, 3)
    expect(ratios).toEqual({ p50: 2, p99: 2, cpu: 2.5, memory: 2.5 })
    expect(summaries.get('java')).toMatchObject({ p50: 100, p99: 1000, cores: 1 })
  })

  it('knows no CPU time of a broker on another machine', () => {
    const far = ({ usage, ...rest }: Measured): Measured => ({
      ...rest,
      usage: { ...usage, brokerCpuSeconds: undefined },
    })
    const { summaries } = summarize(workload, 2_000_000, [round(far(turn(2, 1, 1)), far(turn(1, 1, 1)))], 1)
    expect(summaries.get('java')!.brokerCpuSecondsPerMillion).toBeUndefined()
  })
})
