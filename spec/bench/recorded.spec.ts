import { complaintsOf, readRecorded, withResults } from './recorded'
import type { Workload } from './workload'
import { WORKLOADS } from './workloads'

const row = (ratios: Record<string, number>, records = 1000, rounds = 3) => ({ records, rounds, ratios })
const recordedOf = (rows: Record<string, ReturnType<typeof row>>) => ({ how: 'by hand', rows })
const recorded = recordedOf({ reduce: row({ whole: 2, warm: 1.5 }) })
const resultWith = (whole: number, warm: number) => [{ workload: { name: 'reduce' }, ratios: { whole, warm } }]

describe('complaintsOf', () => {
  it('accepts ratios of at least 85 % of the recorded ones', () => {
    expect(complaintsOf(resultWith(1.7, 9), recorded)).toEqual([])
  })

  it('names the row, the ratio and both values of one below', () => {
    expect(complaintsOf(resultWith(1.69, 0.75), recorded)).toEqual([
      'reduce: whole is 1.69, 85 % of the recorded 2',
      'reduce: warm is 0.75, 50 % of the recorded 1.5',
    ])
  })

  it('has nothing to say about what was not recorded', () => {
    expect(complaintsOf(resultWith(0.1, 0.1), recordedOf({}))).toEqual([])
    expect(complaintsOf(resultWith(0.1, 1.5), recordedOf({ reduce: row({ warm: 1.5 }) }))).toEqual([])
  })
})

describe('withResults', () => {
  const result = (name: string, whole: number, disturbed = false) => ({
    workload: { name } as Workload,
    records: 500,
    rounds: 5,
    ratios: { whole },
    disturbed,
  })

  it('replaces the rows that ran, with ratios to two digits, and keeps others', () => {
    const before = recordedOf({ reduce: row({ whole: 1, warm: 1 }), cogroup: row({ whole: 4 }) })
    expect(withResults(before, [result('reduce', 2.346)])).toEqual(
      recordedOf({ reduce: row({ whole: 2.35 }, 500, 5), cogroup: row({ whole: 4 }) }),
    )
  })

  it('does not take over what was measured on a disturbed machine', () => {
    const before = recordedOf({ reduce: row({ whole: 1 }) })
    expect(withResults(before, [result('reduce', 2, true), result('cogroup', 3, true)])).toEqual(before)
  })
})

test('what is recorded are rows that there are, with ratios above 0', () => {
  const { rows } = readRecorded()
  expect(Object.keys(rows).filter((name) => !WORKLOADS.some((workload) => workload.name === name))).toEqual([])
  for (const { records, rounds, ratios } of Object.values(rows)) {
    expect([records, rounds, ...Object.values(ratios)].every((number) => number > 0)).toBe(true)
  }
})
