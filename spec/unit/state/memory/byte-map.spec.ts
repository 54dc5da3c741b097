import { ByteMap } from '../../../../lib/state/memory/byte-map'
import type { ByteRange } from '../../../../lib/state/memory/byte-range'

const entriesOf = (map: ByteMap, range: ByteRange = {}): [string, string | null][] => {
  const cursor = map.view(range)
  const entries: [string, string | null][] = []
  while (cursor.advance()) entries.push([cursor.slot!.key, cursor.slot!.value?.toString() ?? null])
  return entries
}

const value = (text: string) => Buffer.from(text)

test('stays in order while it grows and shrinks by thousands of keys, and open views see none of it', () => {
  const map = new ByteMap()
  const model = new Map<string, string>()
  let seed = 3
  const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below
  const sorted = () => [...model].sort(([a], [b]) => (a < b ? -1 : 1))
  expect(entriesOf(map)).toEqual([])
  const views: { cursor: ReturnType<ByteMap['view']>; expected: [string, string][] }[] = []
  for (let step = 0; step < 12_000; step++) {
    const key = random(6000).toString(36).padStart(3, '0')
    if (random(10) < (step < 6000 ? 2 : 7)) {
      expect(map.delete(key)).toBe(model.delete(key))
    } else {
      map.set(key, value(`${step}`))
      model.set(key, `${step}`)
    }
    if (step % 1000 === 500) {
      expect(entriesOf(map)).toEqual(sorted())
      views.push({
        cursor: map.view({ reverse: step % 2000 === 500 }),
        expected: step % 2000 === 500 ? sorted().reverse() : sorted(),
      })
    }
  }
  for (const key of [...model.keys()]) {
    map.delete(key)
    model.delete(key)
  }
  expect(entriesOf(map)).toEqual([])
  expect(map.bytes).toBe(0)
  map.set('again', value('1'))
  expect(entriesOf(map)).toEqual([['again', '1']])
  for (const { cursor, expected } of views) {
    const seen: [string, string][] = []
    while (cursor.advance()) seen.push([cursor.slot!.key, cursor.slot!.value!.toString()])
    expect(seen).toEqual(expected)
  }
})

test('bounds fall on, between and beyond keys and chunks', () => {
  const map = new ByteMap()
  const keys = Array.from({ length: 1000 }, (_, i) => String(2 * i).padStart(5, '0'))
  for (const key of keys) map.set(key, value('v'))
  for (const [from, to] of [
    [0, 0],
    [0, 1],
    [511, 513],
    [512, 1024],
    [1023, 1500],
    [1998, 1999],
    [1999, 3000],
    [700, 600],
  ]) {
    for (const toInclusive of [true, false]) {
      const [low, high] = [String(from).padStart(5, '0'), String(to).padStart(5, '0')]
      const expected = keys.filter((key) => key >= low && (toInclusive ? key <= high : key < high))
      const range = { from: low, to: high, toInclusive }
      expect(entriesOf(map, range).map(([key]) => key)).toEqual(expected)
      expect(entriesOf(map, { ...range, reverse: true }).map(([key]) => key)).toEqual(expected.reverse())
    }
  }
})

test('counts its bytes through overwrites, deletions and clear()', () => {
  const map = new ByteMap()
  map.set('k', value('1234'))
  const one = map.bytes
  map.set('k', value('12345678'))
  expect(map.bytes).toBe(one + 4)
  map.set('k', null)
  expect(map.bytes).toBe(one - 4)
  expect(map.get('k')?.value).toBeNull()
  map.clear()
  expect([map.bytes, map.size]).toEqual([0, 0])
})
