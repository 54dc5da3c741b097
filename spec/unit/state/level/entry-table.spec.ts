import { copyOfSpan, newByteSpan } from '../../../../lib/bytes/byte-span'
import { EntryTable } from '../../../../lib/state/level/entry-table'
import { randomly } from '../randomly'

const b = (text: string): Buffer => Buffer.from(text)
const nobodyIsGone = (): boolean => false

const set = (table: EntryTable, key: string, value: string | null, { owner = 1, batch = 0 } = {}): void =>
  table.set(owner, batch, b(key), value === null ? null : b(value), value === null ? 0 : b(value).length)

const get = (table: EntryTable, key: string, { owner = 1, batch = 0 } = {}): string | null | undefined => {
  const span = newByteSpan()
  const found = table.find(owner, batch, b(key), span)
  return found ? copyOfSpan(span).toString() : found === undefined ? undefined : null
}

describe('a table of entries', () => {
  const table = (maxBytes = 1 << 16): EntryTable => new EntryTable(maxBytes, nobodyIsGone)

  it('keeps values, empty ones, and that there is none', () => {
    const entries = table()
    expect(get(entries, 'a')).toBeUndefined()
    set(entries, 'a', 'value')
    set(entries, 'empty', '')
    set(entries, 'none', null)
    set(entries, '', 'of the empty key')
    expect(get(entries, 'a')).toBe('value')
    expect(get(entries, 'empty')).toBe('')
    expect(get(entries, 'none')).toBeNull()
    expect(get(entries, '')).toBe('of the empty key')
  })

  it.each([4, 5, 64])('keeps entries with a bound of %d GiB', (gib) => {
    const entries = table(gib * 2 ** 30)
    set(entries, 'k', 'value')
    expect(get(entries, 'k')).toBe('value')
  })

  it('knows of any batch whether there is a value', () => {
    const entries = table()
    set(entries, 'value', '1', { batch: 7 })
    set(entries, 'none', null, { batch: 7 })
    set(entries, 'other owner', '1', { owner: 2 })
    expect(['value', 'none', 'other owner'].map((key) => entries.has(1, b(key)))).toEqual([true, false, undefined])
  })

  it('takes only so much of the value as it is told', () => {
    const entries = table()
    entries.set(1, 0, b('k'), b('value and checksum'), 5)
    expect(get(entries, 'k')).toBe('value')
  })

  it.each(['value', 'other', 'longer than before', '', null])('replaces a value by %j', (value) => {
    const entries = table()
    set(entries, 'before', '1')
    set(entries, 'k', 'value')
    set(entries, 'after', '2')
    set(entries, 'k', value)
    expect([get(entries, 'before'), get(entries, 'k'), get(entries, 'after')]).toEqual(['1', value, '2'])
  })

  it('keeps owners apart', () => {
    const entries = table()
    set(entries, 'k', 'mine', { owner: 1 })
    set(entries, 'k', 'yours', { owner: 2 })
    entries.delete(2, 0, b('k'))
    expect(get(entries, 'k', { owner: 1 })).toBe('mine')
    expect(get(entries, 'k', { owner: 2 })).toBeUndefined()
  })

  it('hides entries of a later batch, and does not delete them for an earlier one', () => {
    const entries = table()
    set(entries, 'k', 'value', { batch: 2 })
    expect(get(entries, 'k', { batch: 1 })).toBeUndefined()
    entries.delete(1, 1, b('k'))
    expect(get(entries, 'k', { batch: 2 })).toBe('value')
    entries.delete(1, 2, b('k'))
    expect(get(entries, 'k', { batch: 2 })).toBeUndefined()
  })

  it.each([
    ['many small entries', 1, 5000],
    ['entries that fill the stage', 900, 300],
  ])('finds the last of the values written in a row: %s', (_, length, writes) => {
    const entries = table(1 << 20)
    const last = new Map<string, string | null>()
    const random = randomly(length)
    for (let i = 0; i < writes; i++) {
      const key = `key-${random(200)}`
      // of the same length as before, of another one, and none
      const value = random(10) === 0 ? null : `${i}`.padEnd(length + 8 * random(2), '-')
      set(entries, key, value)
      last.set(key, value)
    }
    for (const [key, value] of last) expect(get(entries, key)).toBe(value)
  })

  it('keeps keys apart that differ in their last bytes, in their length, or by zeros', () => {
    const entries = table()
    const keys = ['abcd', 'abcde', 'abcdf', 'abcde\0', 'abc', '\0', '\0\0', '']
    for (const key of keys) set(entries, key, `of ${key}`)
    for (const key of keys) expect(get(entries, key)).toBe(`of ${key}`)
    entries.delete(1, 0, b('abcde'))
    expect(get(entries, 'abcde')).toBeUndefined()
    expect(get(entries, 'abcde\0')).toBe('of abcde\0')
  })

  it('looks up keys that are longer than any entry', () => {
    const entries = table(1 << 12)
    set(entries, 'k', 'value')
    expect(get(entries, 'x'.repeat(100_000))).toBeUndefined()
    entries.delete(1, 0, b('x'.repeat(100_000)))
    set(entries, 'x'.repeat(100_000), null)
    expect(get(entries, 'x'.repeat(100_000))).toBeUndefined()
    expect(get(entries, 'k')).toBe('value')
  })

  it('refuses an entry that is too large, and forgets the one that it was to replace', () => {
    const entries = table(1 << 12)
    set(entries, 'k', 'value')
    set(entries, 'k', 'x'.repeat(4000))
    expect(get(entries, 'k')).toBeUndefined()
    expect(entries.mayHaveLost(1, b('k'))).toBe(true)
  })

  it('evicts what came first, but not what is used', () => {
    const entries = table(1 << 12)
    set(entries, 'used', '1')
    set(entries, 'unused', '2')
    for (let i = 0; i < 1000; i++) {
      set(entries, `k${i}`, 'value')
      expect(get(entries, 'used')).toBe('1')
    }
    expect(get(entries, 'unused')).toBeUndefined()
  })

  it('knows of most keys that it never lost them', () => {
    const entries = table(1 << 17)
    const lost = (owner: number): number => {
      const keys = Array.from({ length: 1000 }, (_, i) => b(`k${i}`))
      return keys.filter(
        (key) => get(entries, key.toString(), { owner }) === undefined && entries.mayHaveLost(owner, key),
      ).length
    }
    for (let i = 0; i < 1000; i++) set(entries, `k${i}`, 'value')
    expect([lost(1), lost(2)]).toEqual([0, 0])
    set(entries, 'a', 'value')
    entries.delete(1, 0, b('a'))
    expect(entries.mayHaveLost(1, b('a'))).toBe(true)
    for (let i = 0; i < 5000; i++) set(entries, `l${i}`, 'value')
    expect(lost(1)).toBe(1000)
    expect(lost(2)).toBeLessThan(300)
    entries.clear()
    expect(lost(1)).toBe(0)
  })

  it('keeps nothing of an owner that is gone', () => {
    const entries = new EntryTable(1 << 12, (owner) => owner !== 1)
    set(entries, 'k', 'value', { owner: 2 })
    for (let i = 0; i < 1000; i++) {
      get(entries, 'k', { owner: 2 })
      set(entries, `k${i}`, 'value')
    }
    expect(get(entries, 'k', { owner: 2 })).toBeUndefined()
  })

  it('is empty after clear, and can be filled again', () => {
    const entries = table()
    for (let i = 0; i < 5000; i++) set(entries, `k${i}`, 'value')
    entries.clear()
    expect(get(entries, 'k4999')).toBeUndefined()
    set(entries, 'k', 'value')
    expect(get(entries, 'k')).toBe('value')
  })
})

test.each([
  [64, 20, 0],
  [400, 100, 0.001],
  [3000, 100, 0.01],
  [20_000, 300, 0.05],
  [20_000, 40, 0.9],
  [1_000_000, 2000, 0.9],
])('random work in %i bytes on %i keys finds only what was written last', (maxBytes, keys, expectedHits) => {
  const random = randomly(maxBytes + keys)
  const table = new EntryTable(maxBytes, nobodyIsGone)
  const written = new Map<string, string | null>()
  const known = new Set<string>()
  const wrong: string[] = []
  let reads = 0
  let hits = 0
  for (let step = 0; step < 40_000; step++) {
    const owner = 1 + random(2)
    const number = random(keys)
    const key = `key-${number}${'-'.repeat(number % 13)}`
    const id = `${owner}:${key}`
    const action = random(20)
    if (action < 10) {
      const found = get(table, key, { owner })
      if (written.has(id)) reads++
      if (found === undefined && known.has(id) && !table.mayHaveLost(owner, b(key))) wrong.push(id)
      if (found === undefined) continue
      hits++
      if (found !== written.get(id)) wrong.push(id)
    } else if (action < 19) {
      const value = random(6) === 0 ? null : String(step).repeat(random(4))
      set(table, key, value, { owner })
      written.set(id, value)
      known.add(id)
    } else {
      table.delete(owner, 0, b(key))
      written.delete(id)
    }
  }
  expect(wrong).toEqual([])
  expect(hits / reads).toBeGreaterThanOrEqual(expectedHits)
})
