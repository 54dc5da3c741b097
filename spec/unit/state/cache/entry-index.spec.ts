import { EntryIndex, type Indexed } from '../../../../lib/state/cache/entry-index'
import { randomly } from '../randomly'

const entryOf = (text: string): Indexed => ({ text, textHash: 0, key: undefined, keyHash: 0 })

const KEYS: Record<string, (n: number) => unknown> = {
  words: (n) => `word${n}`,
  'texts that differ at the end': (n) => 'a'.repeat(40) + n,
  'texts beyond ASCII': (n) => String.fromCharCode(0x4e00 + n, 0xd800 + n),
  'whole numbers': (n) => n - 500,
  'large numbers': (n) => 2 ** 40 + n * 2 ** 32,
  fractions: (n) => n / 7 + 0.1,
  bigints: (n) => BigInt(n) << 64n,
}

const TEXTS: Record<string, (key: unknown) => string> = {
  'that are their own text': (key) => String(key),
  'with another text': (key) => `text of ${String(key)}`,
  'of which some are the text of another': (key) => (String(key).length % 2 === 0 ? `${String(key)}1` : String(key)),
}

describe.each(Object.entries(KEYS))('an index of %s', (_name, keyOf) => {
  it.each(Object.entries(TEXTS))('%s holds what two maps hold', (_name, textOf) => {
    const random = randomly(7)
    const index = new EntryIndex<Indexed>()
    const byKey = new Map<unknown, Indexed>()
    const byText = new Map<string, Indexed>()
    const differing: unknown[] = []
    for (let step = 0; step < 4000; step++) {
      const key = keyOf(random(300))
      const text = textOf(key)
      const known = byText.get(text)
      if (index.byText(text) !== known || index.byKey(key) !== byKey.get(key)) differing.push(key)
      if (known === undefined) {
        const entry = entryOf(text)
        index.add(entry)
        byText.set(text, entry)
      } else if (known.key === undefined) {
        index.addKey(known, key)
        byKey.set(key, known)
      } else if (random(3) > 0) {
        index.delete(known)
        byText.delete(text)
        byKey.delete(known.key)
      }
    }
    expect(differing).toEqual([])
    for (let n = 0; n < 300; n++) {
      expect(index.byKey(keyOf(n))).toBe(byKey.get(keyOf(n)))
      expect(index.byText(textOf(keyOf(n)))).toBe(byText.get(textOf(keyOf(n))))
    }
  })
})

describe('an index', () => {
  const indexed = (text: string, key?: unknown): [EntryIndex<Indexed>, Indexed] => {
    const index = new EntryIndex<Indexed>()
    const entry = entryOf(text)
    index.add(entry)
    if (key !== undefined) index.addKey(entry, key)
    return [index, entry]
  }

  it('tells types apart', () => {
    const index = new EntryIndex<Indexed>()
    const keys = [1, '1', 1n, true, 'true']
    const entries = keys.map((key, i) => {
      const entry = entryOf(`text ${i}`)
      index.add(entry)
      index.addKey(entry, key)
      return entry
    })
    for (const [i, key] of keys.entries()) expect(index.byKey(key)).toBe(entries[i])
    expect(index.byKey(false)).toBeUndefined()
  })

  it('does not take a text for a key', () => {
    const [index, entry] = indexed('abc', 'ABC')
    expect(index.byKey('abc')).toBeUndefined()
    expect(index.byText('ABC')).toBeUndefined()
    expect(index.byKey('ABC')).toBe(entry)
  })

  it('finds nothing under undefined', () => {
    const [index] = indexed('undefined')
    expect(index.byKey(undefined)).toBeUndefined()
  })

  it('is empty after clear', () => {
    const index = new EntryIndex<Indexed>()
    for (let n = 0; n < 100; n++) index.add(entryOf(`${n}`))
    index.clear()
    for (let n = 0; n < 100; n++) expect(index.byText(`${n}`)).toBeUndefined()
    const entry = entryOf('5')
    index.add(entry)
    expect(index.byText('5')).toBe(entry)
  })
})
