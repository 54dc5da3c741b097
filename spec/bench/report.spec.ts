import { readFileSync } from 'node:fs'
import { DOCUMENT, figures, withFigures } from './report'
import type { Result, Summary } from './summary'
import type { Workload } from './workload'

const summary: Summary = {
  perSecond: 1_234_567.8,
  seconds: 2.5,
  cpuSecondsPerMillion: 1.23,
  peakRssMb: 1234,
  brokerCpuSecondsPerMillion: undefined,
  cores: 0.456,
  p50: 2.04,
  p99: 20.06,
}

const result = (name: string, run: Workload['run'], more: Partial<Result> = {}): Result => ({
  workload: { name, run } as Workload,
  records: 4_000_000,
  rounds: 3,
  disturbed: false,
  othersShare: 0,
  ratios: { whole: 2, warm: 1.5 },
  summaries: new Map([
    ['java', summary],
    ['millrace', { ...summary, perSecond: 2_000_000 }],
  ]),
  ...more,
})

const rowsOf = (...results: Result[]): string => figures(results, new Date('2026-01-02'))

describe('the tables of docs/performance.md', () => {
  it('have rates, ratios and resources of a run at full speed', () => {
    expect(rowsOf(result('reduce', { kind: 'drain' }))).toContain(
      '| `reduce` | 4,000,000 records | 2,000,000 : 1,234,568 | 2.00 | 1.50 | 1.2 : 1.2 | 1,234 : 1,234 | – : – |',
    )
  })

  it('have the seconds of a start', () => {
    expect(rowsOf(result('restore', { kind: 'restore' }))).toContain(
      '| `restore` | 4,000,000 records | 2.50 : 2.50 | 2.00 |',
    )
  })

  it('have latency and cores at a fixed rate', () => {
    const row = '| `latency` | 4,000,000 records | 2.0 : 2.0 | 20.1 : 20.1 | 0.46 : 0.46 | 1,234 : 1,234 |'
    expect(rowsOf(result('latency', { kind: 'paced', until: 'answered' }))).toContain(row)
  })

  it('mark a disturbed row, and say what the mark means', () => {
    const text = rowsOf(result('reduce', { kind: 'drain' }, { disturbed: true }))
    expect(text).toContain('| `reduce` * |')
    expect(text).toContain('Rows marked with * were disturbed')
    expect(rowsOf(result('reduce', { kind: 'drain' }))).not.toContain('*')
  })

  it('say when and with what they were measured', () => {
    expect(rowsOf(result('reduce', { kind: 'drain' }))).toMatch(
      /^Measured on 2026-01-02 on \d+ cores .* Kafka Streams [\d.]+ /,
    )
  })

  it('have the ceiling where one was measured, and how much of it we reach', () => {
    const ceiling = { ...summary, perSecond: 4_000_000, cpuSecondsPerMillion: 0.44 }
    const withCeiling = (name: string, run: Workload['run']): Result => {
      const summaries = new Map([...result(name, run).summaries, ['ceiling', ceiling] as const])
      return result(name, run, { summaries })
    }
    const text = rowsOf(
      withCeiling('stateless', { kind: 'drain' }),
      withCeiling('restore', { kind: 'restore' }),
      result('reduce', { kind: 'drain' }),
    )
    expect(text).toContain('| `stateless` | Kafka client | 4,000,000 | 50 % | 1.2 : 0.4 |')
    expect(text).toContain('| `restore` | Kafka client and LevelDB | 4,000,000 | 50 % | 1.2 : 0.4 |')
    expect(text.match(/`reduce`/g)).toHaveLength(1)
  })

  it('have the latency of the client alone where it was measured', () => {
    const paced = result('latency', { kind: 'paced', until: 'answered' })
    const ceiling = { ...summary, p50: 1.04, p99: 6.06 }
    const text = rowsOf({ ...paced, summaries: new Map([...paced.summaries, ['ceiling', ceiling]]) })
    expect(text).toContain('| `latency` | 2.0 : 1.0 | 20.1 : 6.1 |')
    expect(rowsOf(paced)).not.toContain('Kafka client')
  })
})

describe('docs/performance.md', () => {
  const page = readFileSync(DOCUMENT, 'utf8')

  it('takes the figures of a run in place of those that it has', () => {
    const written = withFigures(page, '| new |')
    expect(written).toContain('-->\n\n| new |\n\n<!--')
    expect(withFigures(written, '| newer |')).toBe(withFigures(page, '| newer |'))
  })

  it('keeps what is around them', () => {
    const written = withFigures(page, '')
    for (const heading of page.match(/^## .*$/gm)!) expect(written).toContain(heading)
  })

  it('is refused without the marks', () => {
    expect(() => withFigures('# Performance', '')).toThrow('lacks the marks')
  })
})
