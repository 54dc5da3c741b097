import { copyOfSpan, newByteSpan } from '../../../../lib/bytes/byte-span'
import { bytesOf } from '../../../../lib/bytes/byte-string'
import { hashBytes } from '../../../../lib/state/byte-hash'
import { UncommittedEntries } from '../../../../lib/state/level/uncommitted-entries'
import { randomly } from '../randomly'

const b = (text: string): Buffer => Buffer.from(text)
const shown = (value: Buffer | null | undefined): string | null | undefined =>
  value ? value.toString() : (value as null)

const hashOf = (key: Buffer): number => hashBytes(0, key, 0, key.length)
const get = (entries: UncommittedEntries, key: string): Buffer | null | undefined => {
  const span = newByteSpan()
  const found = entries.find(b(key), hashOf(b(key)), span)
  return found ? copyOfSpan(span) : found === undefined ? undefined : null
}
const set = (entries: UncommittedEntries, key: string, value: Buffer | null): boolean | undefined =>
  entries.set(b(key), value, hashOf(b(key)))

const written = (entries: UncommittedEntries): Map<string, string | null | undefined> =>
  new Map(Array.from(entries.writes(), ({ key, value }) => [key.toString(), shown(value)]))

const viewed = (entries: UncommittedEntries): [string, string | null | undefined][] => {
  const cursor = entries.view({})
  const seen: [string, string | null | undefined][] = []
  while (cursor.advance()) seen.push([bytesOf(cursor.slot!.key).toString(), shown(cursor.slot!.value)])
  return seen
}

test.each([
  ['without a scan', Infinity],
  ['with scans', 7000],
])('random writes read as those of a map, %s', (_name, scanEvery) => {
  const random = randomly(5)
  const entries = new UncommittedEntries()
  const map = new Map<string, string | null>()
  const wrong: unknown[] = []
  for (let step = 1; step < 30_000; step++) {
    const key = `key-${random(800)}${'-'.repeat(random(3))}`
    if (random(2) === 0) {
      const value = random(5) === 0 ? null : String(step).repeat(random(6))
      const before = map.get(key)
      if (
        set(entries, key, value === null ? null : b(value)) !== (before === undefined ? undefined : before !== null)
      ) {
        wrong.push(['set', key])
      }
      map.set(key, value)
    } else {
      const value = shown(get(entries, key))
      if (value !== map.get(key)) wrong.push([key, value, map.get(key)])
    }
    if (step % scanEvery === 0) {
      const sorted = [...map].sort(([a], [b]) => (a < b ? -1 : 1))
      expect(viewed(entries).map(([key]) => key)).toEqual(sorted.map(([key]) => key))
    }
  }
  expect(wrong).toEqual([])
  expect(entries.size).toBe(map.size)
  expect(new Set(Array.from(entries.writes(), ({ key }) => key.toString()))).toEqual(new Set(map.keys()))
  for (const { key, value } of entries.writes()) {
    expect(value === null ? null : value.toString()).toBe(map.get(key.toString()))
  }
})

test.each([
  ['in a few bytes behind what they share', (number: number) => `order-${String(number).padStart(6, '0')}`],
  ['in their first bytes', (number: number) => `${String.fromCharCode(33 + (number % 90), 33 + number / 90)}-order`],
])('writes come in the order of their keys where these differ %s', (_name, keyOf) => {
  const random = randomly(3)
  const entries = new UncommittedEntries()
  for (let i = 0; i < 3000; i++) set(entries, keyOf(random(4000)), b('x'))
  const keys = Array.from(entries.writes(), ({ key }) => key.toString())
  expect(keys).toEqual([...keys].sort())
})

test('more writes than are sorted at once come all, and only once', () => {
  const entries = new UncommittedEntries()
  for (let i = 0; i < 70_000; i++) set(entries, `${i}`, i % 3 === 0 ? null : b('x'))
  for (let i = 0; i < 70_000; i += 7) set(entries, `${i}`, b('longer than before'))
  const values = Array.from(entries.writes(), ({ key, value }) => [key.toString(), shown(value)] as const)
  expect(values).toHaveLength(70_000)
  const wrong = new Map(values)
  for (let i = 0; i < 70_000; i++) {
    const expected = i % 7 === 0 ? 'longer than before' : i % 3 === 0 ? null : 'x'
    if (wrong.get(`${i}`) === expected) wrong.delete(`${i}`)
  }
  expect([...wrong]).toEqual([])
})

test('writes of many megabytes, some larger than a page of memory, read as they were written', () => {
  const MB = 1 << 20
  const entries = new UncommittedEntries()
  const values = new Map<string, Buffer>()
  const write = (key: string, value: Buffer): void => {
    set(entries, key, value)
    values.set(key, value)
  }
  for (const [number, megabytes] of [1, 3, 9, 2, 2, 4, 0, 5].entries()) {
    write(`large-${number}`, Buffer.alloc(megabytes * MB, number))
    write(`small-${number}`, b(`${number}`))
  }
  write('large-1', Buffer.alloc(3 * MB, 'same length'))
  write('large-3', Buffer.alloc(6 * MB, 'longer'))
  write('small-2', b('longer than before'))

  const wrong = [...values].filter(([key, value]) => !get(entries, key)!.equals(value))
  expect(wrong).toEqual([])
  const written = new Map(Array.from(entries.writes(), ({ key, value }) => [key.toString(), value!]))
  expect(written.size).toBe(values.size)
  expect([...values].filter(([key, value]) => !written.get(key)!.equals(value))).toEqual([])
})

test('empty keys, empty values and deletions are told apart', () => {
  const entries = new UncommittedEntries()
  expect(entries.size).toBe(0)
  expect(get(entries, '')).toBeUndefined()
  expect(set(entries, '', b('of the empty key'))).toBeUndefined()
  expect(set(entries, 'empty', b(''))).toBeUndefined()
  expect(set(entries, 'deleted', null)).toBeUndefined()
  expect(get(entries, 'empty')).toHaveLength(0)
  expect(get(entries, 'deleted')).toBeNull()
  expect(set(entries, 'deleted', b('1'))).toBe(false)
  expect(set(entries, 'empty', null)).toBe(true)
  expect(written(entries)).toEqual(
    new Map([
      ['', 'of the empty key'],
      ['empty', null],
      ['deleted', '1'],
    ]),
  )
})

test('values are copied', () => {
  const entries = new UncommittedEntries()
  const value = b('value')
  set(entries, 'k', value)
  value.fill(0)
  expect(shown(get(entries, 'k'))).toBe('value')
})

test('a view stays as it was when it was taken', () => {
  const entries = new UncommittedEntries()
  for (const key of ['b', 'a', 'c']) set(entries, key, b('1'))
  const cursor = entries.view({})
  set(entries, 'a', null)
  set(entries, 'd', b('2'))
  const seen: string[] = []
  while (cursor.advance()) seen.push(`${cursor.slot!.key}=${String(cursor.slot!.value)}`)
  expect(seen).toEqual(['a=1', 'b=1', 'c=1'])
  expect(viewed(entries)).toEqual([
    ['a', null],
    ['b', '1'],
    ['c', '1'],
    ['d', '2'],
  ])
})

test('memory in use counts what was replaced by something longer', () => {
  const entries = new UncommittedEntries()
  set(entries, 'k', b('1'))
  const one = entries.bytes
  set(entries, 'k', b('2'))
  expect(entries.bytes).toBe(one)
  set(entries, 'k', Buffer.alloc(100_000))
  expect(entries.bytes).toBeGreaterThan(100_000)
  expect(entries.size).toBe(1)
})

describe('the memory of an earlier generation', () => {
  const MB = 1 << 20
  const fill = (entries: UncommittedEntries, megabytes: number): UncommittedEntries => {
    for (let i = 0; i < megabytes; i++) set(entries, `${i}`, Buffer.alloc(MB - 100, `${i}`))
    return entries
  }
  const allocatedIn = (work: () => void): number => {
    const allocate = jest.spyOn(Buffer, 'allocUnsafeSlow')
    work()
    const bytes = allocate.mock.calls.reduce((sum, [size]) => sum + size, 0)
    allocate.mockRestore()
    return Math.round(bytes / MB)
  }

  test('is enough for as many writes, and nothing is left of what was in it', () => {
    const written = fill(new UncommittedEntries(), 20)
    const entries = UncommittedEntries.behind(written)
    fill(entries, 2)
    entries.reuse(written)
    expect(allocatedIn(() => fill(entries, 20))).toBe(0)
    expect(entries.size).toBe(20)
    const wrong = Array.from(entries.writes(), ({ key, value }) => [String(key), value!] as const).filter(
      ([key, value]) => !value.equals(Buffer.alloc(MB - 100, key)),
    )
    expect(wrong).toEqual([])
  })

  test('that was in reserve is for the next one', () => {
    const first = fill(new UncommittedEntries(), 20)
    const second = UncommittedEntries.behind(first)
    second.reuse(first)
    fill(second, 2)
    const third = UncommittedEntries.behind(second)
    expect(allocatedIn(() => fill(third, 16))).toBe(0)
  })

  test('is given back where it was hardly used', () => {
    const written = fill(new UncommittedEntries(), 20)
    const few = UncommittedEntries.behind(written)
    few.reuse(written)
    set(few, 'k', Buffer.alloc(10_000))
    const entries = UncommittedEntries.behind(new UncommittedEntries())
    entries.reuse(few)
    expect(allocatedIn(() => fill(entries, 1))).toBeGreaterThan(0)
  })

  test('of an entry that is larger than a page is given back', () => {
    const written = new UncommittedEntries()
    set(written, 'large', Buffer.alloc(9 * MB))
    const entries = UncommittedEntries.behind(written)
    entries.reuse(written)
    expect(allocatedIn(() => fill(entries, 1))).toBeGreaterThan(0)
  })
})
