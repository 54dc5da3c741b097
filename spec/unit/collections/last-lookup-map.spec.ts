import { LastLookupMap } from '../../../lib/collections/last-lookup-map'

describe('LastLookupMap', () => {
  it('finds what was set, asked for again or in turns', () => {
    const map = new LastLookupMap<number>()
    map.set('a', 1)
    map.set('b', 2)
    expect(['a', 'a', 'b', 'a', 'c', 'c'].map((key) => map.get(key))).toEqual([1, 1, 2, 1, undefined, undefined])
  })

  it('finds the new value of the key that it was asked for last', () => {
    const map = new LastLookupMap<number>()
    expect(map.get('a')).toBeUndefined()
    map.set('a', 1)
    expect(map.get('a')).toBe(1)
    map.set('a', 2)
    expect(map.get('a')).toBe(2)
    map.delete('a')
    expect(map.get('a')).toBeUndefined()
    expect([...map.values()]).toEqual([])
  })
})
