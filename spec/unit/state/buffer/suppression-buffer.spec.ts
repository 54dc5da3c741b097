import { string } from '../../../../lib/serdes'
import {
  suppressionBuffer,
  type SuppressionBuffer,
  type SuppressionBufferOptions,
} from '../../../../lib/state/buffer/suppression-buffer'
import type { ManagedStore } from '../../../../lib/state/store'
import { at, build, changelogOf, StoreTask } from '../../../contract/stores/store-task'
import { NO_HEADERS, type RecordHeaders } from '../../../../lib/record/headers'
import { Change } from '../../../../lib/record/change'

type Buffered = SuppressionBuffer<string, string> & ManagedStore

const tasks: StoreTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.close()
})

const open = async (options: Partial<SuppressionBufferOptions<string, string>> = {}) => {
  const buffer: Buffered = build(suppressionBuffer('s', { key: string(), value: string(), logging: true, ...options }))
  const task = await StoreTask.open([buffer])
  tasks.push(task)
  return { buffer, task }
}
const evictAll = (buffer: Buffered): string[] => {
  const evicted: string[] = []
  buffer.evictWhile(
    () => true,
    ({ key, newValue, oldValue, context }) => evicted.push(`${key}: ${oldValue} -> ${newValue} @${context.timestamp}`),
  )
  return evicted
}
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const version = (number: number): RecordHeaders => [['v', Buffer.of(number)]]
const restore = (buffer: Buffered, value: Buffer | null, headers: RecordHeaders = NO_HEADERS, key = 'A'): void =>
  buffer.restore({ key: Buffer.from(key), value, timestamp: 7, offset: 8, headers: () => headers })

const H1: RecordHeaders = [['h', Buffer.from('H1')]]
const H2: RecordHeaders = [['h', Buffer.from('H2')]]

// the bytes are Kafka Streams'
const FIRST =
  '0000000000000001 0000000000000000 00000001 74 00000000 00000001 00000001 68 00000002 4831 ffffffff ffffffff 00000002 6131 0000000000000001'
const SECOND =
  '0000000000000003 0000000000000001 00000001 74 00000000 00000001 00000001 68 00000002 4832 ffffffff 00000002 6131 00000002 6132 0000000000000001'
const DELETE =
  '0000000000000007 0000000000000003 00000001 74 00000000 00000000 00000002 6132 fffffffe ffffffff 0000000000000007'

describe('a suppression buffer', () => {
  test('gives keys by the time of their first update, then by their bytes, with their last one', async () => {
    const { buffer } = await open()
    expect([buffer.records, buffer.bytes, buffer.firstTime]).toEqual([0, 0, Infinity])
    buffer.put(5, 'b', new Change('b1', null), at(5))
    buffer.put(5, 'a', new Change('a1', 'a0'), at(5))
    buffer.put(3, 'c', new Change('c1', null), at(3))
    buffer.put(9, 'b', new Change('b2', 'b1'), at(9))
    expect([buffer.records, buffer.firstTime]).toEqual([3, 3])
    expect([buffer.prior('a'), buffer.prior('b'), buffer.prior('x')]).toEqual([
      { value: 'a0' },
      { value: null },
      undefined,
    ])
    expect(evictAll(buffer)).toEqual(['c: null -> c1 @3', 'a: a0 -> a1 @5', 'b: b1 -> b2 @9'])
    expect([buffer.records, buffer.bytes, buffer.firstTime]).toEqual([0, 0, Infinity])
  })

  test('stops where the condition ends, and takes no more than asked', async () => {
    const { buffer } = await open()
    for (const time of [4, 2, 8, 6]) buffer.put(time, `k${time}`, new Change('v', null), at(time))
    const evicted: string[] = []
    buffer.evictWhile(
      () => buffer.firstTime <= 5,
      ({ key }) => evicted.push(key),
    )
    expect(evicted).toEqual(['k2', 'k4'])
    expect(buffer.records).toBe(2)
  })

  test("is measured as Kafka Streams measures it: an old value that is the prior one doesn't count", async () => {
    const { buffer } = await open()
    buffer.put(1, 'A', new Change('a1', 'a0'), { ...at(1, { headers: H1 }), topic: 't' })
    expect(buffer.bytes).toBe(8 + 1 + (8 + 8 + 1 + 4 + 1 + 2) + 2 + 2)
    buffer.put(2, 'A', new Change('a2', 'a1'), { ...at(2), topic: 't' })
    expect(buffer.bytes).toBe(8 + 1 + (8 + 8 + 1 + 4) + 2 + 2 + 2)
  })

  test('logs at commits what has changed, with the version in a header, and no time', async () => {
    const { buffer, task } = await open()
    const logged = () => task.changelogs.get(changelogOf('s'))?.splice(0)
    const context = (timestamp: number, offset: number, headers: RecordHeaders) => ({
      ...at(timestamp, { headers }),
      offset,
      topic: 't',
    })
    buffer.put(1, 'A', new Change('a1', null), context(1, 0, H1))
    expect(logged()).toBeUndefined()
    await task.commit()
    expect(logged()).toEqual([{ key: Buffer.from('A'), value: hex(FIRST), timestamp: null, storeHeaders: version(3) }])
    buffer.put(3, 'A', new Change('a2', 'a1'), context(3, 1, H2))
    await task.commit()
    expect(logged()).toEqual([{ key: Buffer.from('A'), value: hex(SECOND), timestamp: null, storeHeaders: version(3) }])
    evictAll(buffer)
    await task.commit()
    expect(logged()).toEqual([{ key: Buffer.from('A'), value: null, timestamp: null }])
    buffer.put(7, 'A', new Change<string>(null, 'a2'), context(7, 3, NO_HEADERS))
    await task.commit()
    await task.commit()
    expect(logged()).toEqual([{ key: Buffer.from('A'), value: hex(DELETE), timestamp: null, storeHeaders: version(3) }])
  })

  test("logs several keys in the order of Java's HashSet", async () => {
    const { buffer, task } = await open()
    for (const key of ['b', 'a', 'zz', 'aa']) buffer.put(1, key, new Change('v', null), at(1))
    await task.commit()
    const keys = task.changelogs.get(changelogOf('s'))!.map(({ key }) => key.toString())
    expect(keys).toEqual(['a', 'b', 'zz', 'aa'])
  })

  test('without logging logs nothing', async () => {
    const { buffer, task } = await open({ logging: false })
    buffer.put(1, 'A', new Change('a1', null), at(1))
    await task.commit()
    expect(task.changelogs.size).toBe(0)
  })

  test('is closed with its task', async () => {
    const { buffer } = await open()
    buffer.close()
    expect(() => buffer.put(1, 'a', new Change('v', null), at(1))).toThrow(
      expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' }),
    )
  })
})

describe('restored', () => {
  const CONTEXT = '0000000000000003 0000000000000001 00000001 74 00000000 00000000'
  const VALUES = '00000002 6131 00000002 6132'
  const SIZED = '0000000c 00000002 6131 00000002 6132'

  test.each([
    ['version 3', 3, SECOND, null],
    ['version 3, a delete', 3, DELETE, 'a2'],
    ['version 2', 2, `${CONTEXT} ${SIZED} 00000002 6130 0000000000000009`, 'a0'],
    ['version 2 that is version 3', 2, SECOND, null],
    ['version 2 that is version 3, with a prior value', 2, DELETE, 'a2'],
    ['version 1', 1, `0000000000000009 ${CONTEXT} ${SIZED}`, 'a1'],
    ['version 0', 0, `0000000000000009 ${VALUES}`, 'a1'],
  ])('%s', async (_name, number, bytes, prior) => {
    const { buffer } = await open()
    restore(buffer, hex(bytes), number === 0 ? NO_HEADERS : version(number))
    expect(buffer.prior('A')).toEqual({ value: prior })
    const time = number === 3 || bytes === SECOND || bytes === DELETE ? (bytes === DELETE ? 7 : 1) : 9
    expect(buffer.firstTime).toBe(time)
    const recordTime = number === 0 || bytes === DELETE ? 7 : 3
    expect(evictAll(buffer)).toEqual([bytes === DELETE ? `A: a2 -> null @${recordTime}` : `A: a1 -> a2 @${recordTime}`])
  })

  test('versions 0 and 1 take the prior value of what is there already', async () => {
    const { buffer } = await open()
    restore(buffer, hex(`0000000000000009 ffffffff 00000002 6131`))
    restore(buffer, hex(`000000000000000b ${VALUES}`))
    expect([buffer.prior('A'), buffer.firstTime]).toEqual([{ value: 'a1' }, 11])
  })

  test('a tombstone takes out; later ones of the same key go in at a new place', async () => {
    const { buffer } = await open()
    restore(buffer, hex(FIRST), version(3))
    restore(buffer, hex(FIRST), version(3), 'B')
    restore(buffer, null)
    restore(buffer, null, NO_HEADERS, 'unknown')
    restore(buffer, hex(DELETE), version(3))
    expect(buffer.records).toBe(2)
    expect(evictAll(buffer)).toEqual(['B: null -> a1 @1', 'A: a2 -> null @7'])
  })

  test('a key that came out and went in again between two commits is at its new place', async () => {
    const { buffer } = await open()
    restore(buffer, hex(SECOND), version(3))
    restore(buffer, hex(DELETE), version(3))
    expect([buffer.records, buffer.firstTime]).toEqual([1, 7])
    expect(evictAll(buffer)).toEqual(['A: a2 -> null @7'])
    expect(buffer.bytes).toBe(0)
  })

  test('keeps what it read: the record is a view', async () => {
    const { buffer } = await open()
    const value = hex(SECOND)
    restore(buffer, value, version(3))
    value.fill(0)
    expect(evictAll(buffer)).toEqual(['A: a1 -> a2 @3'])
  })

  test.each([
    ['an unknown version', version(4), FIRST],
    ['a cut one', version(3), FIRST.slice(0, -4)],
    ['one that is neither 2 nor 3', version(2), '00'],
  ])('%s is refused', async (_name, headers, bytes) => {
    const { buffer } = await open()
    expect(() => restore(buffer, hex(bytes), headers)).toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_FAILED' }),
    )
  })
})
