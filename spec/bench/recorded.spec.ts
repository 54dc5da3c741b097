import { complaintsOf } from './recorded'

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
