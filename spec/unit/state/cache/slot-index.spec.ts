import { SlotIndex } from '../../../../lib/state/cache/slot-index'
import { NO_SLOT } from '../../../../lib/state/cache/use-order'
import { randomly } from '../randomly'

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
    const index = new SlotIndex()
    const byKey = new Map<unknown, number>()
    const byText = new Map<string, number>()
    const free: number[] = []
    const differing: unknown[] = []
    for (let step = 0; step < 4000; step++) {
      const key = keyOf(random(300))
      const text = textOf(key)
      const known = byText.get(text)
      if (index.byText(text) !== (known ?? NO_SLOT) || index.byKey(key) !== (byKey.get(key) ?? NO_SLOT))
        differing.push(key)
      if (known === undefined) {
        const slot = free.pop() ?? byText.size
        index.add(slot, text)
        byText.set(text, slot)
      } else if (index.keyOf(known) === undefined) {
        index.addKey(known, key)
        byKey.set(key, known)
      } else if (random(3) > 0) {
        byKey.delete(index.keyOf(known))
        index.delete(known)
        byText.delete(text)
        free.push(known)
      }
    }
    expect(differing).toEqual([])
    for (let n = 0; n < 300; n++) {
      expect(index.byKey(keyOf(n))).toBe(byKey.get(keyOf(n)) ?? NO_SLOT)
      expect(index.byText(textOf(keyOf(n)))).toBe(byText.get(textOf(keyOf(n))) ?? NO_SLOT)
    }
    for (const [text, slot] of byText) expect(index.textOf(slot)).toBe(text)
    for (const [key, slot] of byKey) expect(index.keyOf(slot)).toBe(key)
  })
})

describe('an index', () => {
  it('tells types apart', () => {
    const index = new SlotIndex()
    const keys = [1, '1', 1n, true, 'true']
    for (const [slot, key] of keys.entries()) {
      index.add(slot, `text ${slot}`)
      index.addKey(slot, key)
    }
    for (const [slot, key] of keys.entries()) expect(index.byKey(key)).toBe(slot)
    expect(index.byKey(false)).toBe(NO_SLOT)
  })

  it('does not take a text for a key', () => {
    const index = new SlotIndex()
    index.add(0, 'abc')
    index.addKey(0, 'ABC')
    expect(index.byKey('abc')).toBe(NO_SLOT)
    expect(index.byText('ABC')).toBe(NO_SLOT)
    expect(index.byKey('ABC')).toBe(0)
  })

  it('finds nothing under undefined', () => {
    const index = new SlotIndex()
    index.add(0, 'undefined')
    expect(index.byKey(undefined)).toBe(NO_SLOT)
  })

  it('forgets the key of a deleted entry, also where its slot is used again', () => {
    const index = new SlotIndex()
    index.add(0, 'abc')
    index.addKey(0, 'ABC')
    index.delete(0)
    index.add(0, 'def')
    expect([index.byText('abc'), index.byKey('ABC'), index.byText('def')]).toEqual([NO_SLOT, NO_SLOT, 0])
    expect(index.keyOf(0)).toBeUndefined()
  })

  it('is empty after clear', () => {
    const index = new SlotIndex()
    for (let n = 0; n < 100; n++) index.add(n, `${n}`)
    index.clear()
    for (let n = 0; n < 100; n++) expect(index.byText(`${n}`)).toBe(NO_SLOT)
    index.add(0, '5')
    expect(index.byText('5')).toBe(0)
  })
})
