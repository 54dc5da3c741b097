import { separate } from '../../../../lib/topology/layout/separate'

describe('positions that keep their distances', () => {
  it('stay where they are if they are far enough apart', () => {
    expect(separate([0, 10, 30], [10, 10])).toEqual([0, 10, 30])
  })

  it('move apart by equal shares where they would overlap', () => {
    expect(separate([5, 5], [10])).toEqual([0, 10])
    expect(separate([0, 0, 0, 100], [10, 10, 10])).toEqual([-10, 0, 10, 100])
  })

  it('keep their order', () => {
    expect(separate([20, 0], [4])).toEqual([8, 12])
  })

  it('can be none', () => {
    expect(separate([], [])).toEqual([])
  })
})
