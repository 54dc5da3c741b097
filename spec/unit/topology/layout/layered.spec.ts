import { type Edge, layeredLayout } from '../../../../lib/topology/layout/layered'

const SPACING = { across: 10, down: 20 }
const boxes = (ids: string) => [...ids].map((id) => ({ id, width: 40, height: 20 }))
const edges = (...pairs: string[]): Edge[] => pairs.map(([from, to]) => ({ from: from!, to: to! }))
const layout = (ids: string, ...pairs: string[]) => layeredLayout(boxes(ids), edges(...pairs), SPACING)
const rowsOf = ({ centers }: ReturnType<typeof layout>) =>
  Object.fromEntries([...centers].map(([id, { y }]) => [id, y]))

describe('a layered layout', () => {
  it('places every box below those that lead to it', () => {
    expect(rowsOf(layout('abc', 'ab', 'bc', 'ac'))).toEqual({ a: 10, b: 50, c: 90 })
  })

  it('places a start right above what it leads to', () => {
    expect(rowsOf(layout('abcd', 'ab', 'bc', 'dc'))).toMatchObject({ b: 50, d: 50, c: 90 })
  })

  it('keeps boxes of a layer apart, and nothing left of the edge', () => {
    const { centers, width } = layout('abcde', 'ab', 'ac', 'ad', 'ae')
    const xs = [...'bcde'].map((id) => centers.get(id)!.x).sort((a, b) => a - b)
    expect(xs[0]).toBe(20)
    for (const [index, x] of xs.slice(1).entries()) expect(x - xs[index]!).toBeGreaterThanOrEqual(50)
    expect(width).toBe(xs.at(-1)! + 20)
  })

  it('orders the boxes of a layer so that edges need not cross', () => {
    const { centers } = layout('abcd', 'ad', 'bc')
    expect(Math.sign(centers.get('a')!.x - centers.get('b')!.x)).toBe(
      Math.sign(centers.get('d')!.x - centers.get('c')!.x),
    )
  })

  it('leads a long edge past the boxes of the layers between', () => {
    const { centers, bends } = layout('abc', 'ab', 'bc', 'ac')
    const [first] = bends[2]!
    expect(Math.abs(first!.x - centers.get('b')!.x)).toBeGreaterThanOrEqual(36)
    expect(bends[2]!.map(({ y }) => y)).toEqual([40, 60])
  })

  it('has an edge that closes a circle point upwards, and passes its bends from start to end', () => {
    const result = layout('abc', 'ab', 'bc', 'ca')
    expect(rowsOf(result)).toEqual({ a: 10, b: 50, c: 90 })
    expect(result.bends[2]!.map(({ y }) => y)).toEqual([60, 40])
  })

  it('takes a box that leads to itself, and no box at all', () => {
    expect(rowsOf(layout('a', 'aa'))).toEqual({ a: 10 })
    expect(layout('')).toMatchObject({ width: 0, height: 0 })
  })
})
