import { hashSetCopyOrder, hashSetOrder } from '../../../lib/topology/java-hash-order'
import { JavaTreeSet } from '../../../lib/topology/java-tree-set'

describe('the order of a java.util.HashSet', () => {
  test('is that of the hashes, as Java prints it', () => {
    expect(hashSetCopyOrder(['b1', 'mid', 'alpha', 'zeta'])).toEqual(['zeta', 'alpha', 'mid', 'b1'])
  })

  test('keeps the order of insertion where hashes are equal, and forgets repetitions', () => {
    expect(hashSetOrder(['Aa', 'BB', 'Aa'])).toEqual(['Aa', 'BB'])
    expect(hashSetOrder(['BB', 'Aa', 'BB'])).toEqual(['BB', 'Aa'])
  })

  test('changes when the set grows beyond three quarters', () => {
    const letters = [...'abcdefghijklmnop']
    expect(hashSetOrder(letters.slice(0, 12)).join('')).toBe('abcdefghijkl')
    expect(hashSetOrder(['p', ...letters.slice(0, 11)]).join('')).toBe('pabcdefghijk')
    expect(hashSetOrder(['p', ...letters.slice(0, 12)]).join('')).toBe('abcdefghijklp')
    expect(hashSetCopyOrder(['p', ...letters.slice(0, 11)]).join('')).toBe('abcdefghijkp')
  })

  test('hashes UTF-16 units', () => expect(hashSetOrder(['é', '😀', ''])).toEqual(['', '😀', 'é']))
})

describe('a java.util.TreeSet', () => {
  const numbers = (...items: number[]): JavaTreeSet<number> => {
    const set = new JavaTreeSet<number>((a, b) => a - b)
    for (const item of items) set.add(item)
    return set
  }

  test('is sorted, whatever the order of insertion', () => {
    const items = Array.from({ length: 500 }, (_, i) => (i * 7919) % 500)
    const sorted = [...items].sort((a, b) => a - b)
    expect([...numbers(...items)]).toEqual(sorted)
    expect([...numbers(...sorted)]).toEqual(sorted)
    expect([...numbers(...sorted.reverse())]).toEqual([...items].sort((a, b) => a - b))
  })

  test('takes an item once', () => expect([...numbers(2, 1, 2)]).toEqual([1, 2]))

  test('is empty', () => expect([...numbers()]).toEqual([]))

  test('compares only while it inserts', () => {
    const rank = { a: 1, b: 2, c: 3 }
    const set = new JavaTreeSet<keyof typeof rank>((x, y) => rank[x] - rank[y])
    set.add('a')
    set.add('b')
    rank.a = 9
    set.add('c')
    expect([...set]).toEqual(['c', 'a', 'b'])
  })
})
