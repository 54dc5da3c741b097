import { BucketRows, hashOfKey, NONE } from '../../../../lib/state/timed/bucket-rows'
import { Scratch } from '../../../../lib/bytes/scratch'
import type { TimedRow } from '../../../../lib/state/timed/row-pack'
import { randomFrom } from '../random-numbers'

const KEYS = Array.from({ length: 30 }, (_, i) => Buffer.from(`${'k'.repeat(i % 7)}${i}`))

const numberOf = (rows: BucketRows, key: Buffer): number => {
  const found = rows.find(key, hashOfKey(key))
  return found === NONE ? rows.add(key, hashOfKey(key)) : found
}

const show = ({ time, second, value }: TimedRow): string => `${time}/${second}=${value.toString()}`

test.each([1, 2, 3])('rows are those of a map, and values that were returned never change (seed %d)', (seed) => {
  const random = randomFrom(seed)
  const rows = new BucketRows(0)
  const model = KEYS.map(() => new Map<string, TimedRow>())
  const returned: { value: Buffer; text: string }[] = []
  let largest = 0

  for (let step = 0; step < 3000; step++) {
    const k = random(KEYS.length)
    const number = numberOf(rows, KEYS[k]!)
    const [time, second] = [random(5), random(3)]
    const id = `${time}/${second}`
    if (random(3) > 0) {
      const value = Buffer.from(`${step}${'x'.repeat(random(100))}`)
      rows.set(number, time, second, value)
      model[k]!.set(id, { time, second, value })
    } else {
      expect(rows.remove(number, time, second)).toBe(model[k]!.delete(id))
    }
    const other = random(KEYS.length)
    const expected = [...model[other]!.values()].sort((a, b) => a.time - b.time || a.second - b.second)
    const [from, to] = [random(5), random(6)]
    const found = rows.collect(numberOf(rows, KEYS[other]!), from, to, undefined) ?? []
    expect(found.map(show)).toEqual(expected.filter((row) => row.time >= from && row.time <= to).map(show))
    const some = rows.get(number, time, second)
    expect(some?.toString()).toBe(model[k]!.get(id)?.value.toString())
    if (some !== null && random(20) === 0) returned.push({ value: some, text: some.toString() })
    largest = Math.max(largest, rows.allocatedBytes)
  }
  expect(returned.map(({ value }) => value.toString())).toEqual(returned.map(({ text }) => text))
  expect(rows.size).toBe(model.reduce((sum, each) => sum + each.size, 0))
  // what was replaced does not pile up
  expect(largest).toBeLessThan(512 * 1024)
})

test('a bucket like another one takes as many rows without growing, and more', () => {
  const before = new BucketRows(0)
  const fill = (rows: BucketRows, keys: number): void => {
    for (let i = 0; i < keys; i++) {
      rows.set(numberOf(rows, Buffer.from(`key-${i}`)), i, 0, Buffer.from(`value-${i}`))
    }
  }
  fill(before, 1000)
  const rows = new BucketRows(1, before)
  const room = rows.allocatedBytes
  expect(room).toBeLessThan(2 * before.allocatedBytes)
  fill(rows, 1000)
  expect(rows.allocatedBytes).toBe(room)
  fill(rows, 5000)
  expect(rows.size).toBe(5000)
  const last = rows.collect(numberOf(rows, Buffer.from('key-4999')), 0, Infinity, undefined)
  expect(last?.map(show)).toEqual(['4999/0=value-4999'])
})

test('a bucket gives what it packed, with the key that it was packed for', () => {
  const rows = new BucketRows(0)
  const number = numberOf(rows, KEYS[3]!)
  rows.set(number, 7, 1, Buffer.from('a'))
  rows.set(number, 5, 2, Buffer.from('b'), 1000)
  const other = new BucketRows(0)
  const same = numberOf(other, rows.keyOf(number))
  other.unpack(same, rows.pack(number, new Scratch())!)
  expect(other.keyOf(same)).toEqual(KEYS[3])
  expect(other.get(same, 7, 1)?.toString()).toBe('a')
  expect(other.get(same, 5, 2)?.toString('hex')).toBe('00000000000003e862')
  expect(other.pack(numberOf(other, KEYS[4]!), new Scratch())).toBeNull()
})

test('changed keys are given once, those changed first at first', () => {
  const rows = new BucketRows(0)
  const [a, b, c] = KEYS.slice(0, 3).map((key) => numberOf(rows, key))
  for (const key of [b!, a!, b!, c!]) rows.markDirty(key)
  expect(rows.dirtyKeys).toBe(3)
  expect(rows.takeDirty()).toBe(b)
  rows.markDirty(b!)
  expect([rows.takeDirty(), rows.takeDirty(), rows.takeDirty(), rows.takeDirty()]).toEqual([a, c, b, NONE])
})

test('released values are empty, and new ones are not', () => {
  const rows = new BucketRows(0)
  const [a, b] = KEYS.slice(0, 2).map((key) => numberOf(rows, key))
  rows.set(a!, 1, 0, Buffer.from('released'))
  rows.releaseValues()
  rows.set(b!, 1, 0, Buffer.from('new'))
  expect(rows.get(a!, 1, 0)).toHaveLength(0)
  expect(rows.get(b!, 1, 0)?.toString()).toBe('new')
  expect(rows.find(KEYS[0]!, hashOfKey(KEYS[0]!))).toBe(a)
})
