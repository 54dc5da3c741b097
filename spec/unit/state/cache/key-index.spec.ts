import { KeyIndex } from '../../../../lib/state/cache/key-index'

interface Entry {
  key: unknown
  keyHash: number
}
const entryOf = (key: unknown): Entry => ({ key, keyHash: 0 })

/** Numbers that follow from each other, the same on every run. */
const randomly = (seed: number) => (below: number) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return (seed >>> 8) % below
}

const KEYS: Record<string, (n: number) => unknown> = {
  words: (n) => `word${n}`,
  'texts that differ at the end': (n) => 'a'.repeat(40) + n,
  'texts beyond ASCII': (n) => String.fromCharCode(0x4e00 + n, 0xd800 + n),
  'whole numbers': (n) => n - 500,
  'large numbers': (n) => 2 ** 40 + n * 2 ** 32,
  fractions: (n) => n / 7 + 0.1,
  bigints: (n) => BigInt(n) << 64n,
}

describe.each(Object.entries(KEYS))('an index of %s', (_name, keyOf) => {
  it('holds what a map holds', () => {
    const random = randomly(7)
    const index = new KeyIndex<Entry>()
    const map = new Map<unknown, Entry>()
    for (let step = 0; step < 4000; step++) {
      const key = keyOf(random(300))
      const known = map.get(key)
      expect(index.get(key)).toBe(known)
      if (known === undefined) {
        const entry = entryOf(key)
        index.add(entry)
        map.set(key, entry)
      } else if (random(3) > 0) {
        index.delete(known)
        map.delete(key)
      }
    }
    for (let n = 0; n < 300; n++) expect(index.get(keyOf(n))).toBe(map.get(keyOf(n)))
  })
})

describe('an index', () => {
  it('tells types apart', () => {
    const index = new KeyIndex<Entry>()
    const entries = [1, '1', 1n, true, 'true'].map(entryOf)
    for (const entry of entries) index.add(entry)
    for (const entry of entries) expect(index.get(entry.key)).toBe(entry)
    expect(index.get(false)).toBeUndefined()
  })

  it('is empty after clear', () => {
    const index = new KeyIndex<Entry>()
    for (let n = 0; n < 100; n++) index.add(entryOf(n))
    index.clear()
    for (let n = 0; n < 100; n++) expect(index.get(n)).toBeUndefined()
    const entry = entryOf(5)
    index.add(entry)
    expect(index.get(5)).toBe(entry)
  })
})
