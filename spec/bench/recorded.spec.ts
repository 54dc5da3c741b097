import { complaintsOf, withResults } from './recorded'
import type { Workload } from './workload'

const recorded = { reduce: { whole: 2, warm: 1.5 } }
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
    expect(complaintsOf(resultWith(0.1, 0.1), {})).toEqual([])
    expect(complaintsOf(resultWith(0.1, 1.5), { reduce: { warm: 1.5 } })).toEqual([])
  })
})

describe('withResults', () => {
  const result = (name: string, whole: number, disturbed = false) => ({
    workload: { name } as Workload,
    ratios: { whole },
    disturbed,
  })

  it('replaces the ratios of rows that ran, to two digits, and keeps others', () => {
    const before = { reduce: { whole: 1, warm: 1 }, cogroup: { whole: 4 } }
    expect(withResults(before, [result('reduce', 2.346)])).toEqual({ reduce: { whole: 2.35 }, cogroup: { whole: 4 } })
  })

  it('does not take over what was measured on a disturbed machine', () => {
    expect(withResults({ reduce: { whole: 1 } }, [result('reduce', 2, true), result('cogroup', 3, true)])).toEqual({
      reduce: { whole: 1 },
    })
  })
})
