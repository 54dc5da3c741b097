import { long, string } from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'
import type { KeyValueStore, ManagedStore, TimestampedKeyValueStore } from '../../../lib/state/store'
import { PlainView } from '../../../lib/state/key-value/plain-view'
import { keyValueStore, timestampedKeyValueStore } from '../../../lib/state/stores'
import { at, build, collect, StoreTask } from '../../contract/stores/store-task'

const tasks: StoreTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.close()
})
const open = async (...stores: ManagedStore[]) => {
  const task = await StoreTask.open(stores, { folder: null })
  tasks.push(task)
  return task
}

test('a handle says what it builds', () => {
  expect(keyValueStore('s')).toMatchObject({
    name: 's',
    persistent: true,
    cachingEnabled: false,
    loggingEnabled: true,
    changelogConfig: {},
    changelogPolicy: { cleanup: 'compact' },
    timestamped: false,
    options: {},
  })
  expect(
    timestampedKeyValueStore('s', { persistent: false, caching: true, logging: { 'segment.bytes': '1000' } }),
  ).toMatchObject({
    persistent: false,
    cachingEnabled: true,
    loggingEnabled: true,
    changelogConfig: { 'segment.bytes': '1000' },
    timestamped: true,
  })
  expect(keyValueStore('s', { logging: false })).toMatchObject({ loggingEnabled: false, changelogConfig: {} })
})

test('each task gets a store of its own', () => {
  const handle = keyValueStore('s')
  expect(handle.build('app-s-changelog')).not.toBe(handle.build('app-s-changelog'))
})

test('a timestamped store logs each value bare, at the value’s timestamp, and a delete at the record’s', async () => {
  const store = build(timestampedKeyValueStore('s', { key: string(), value: string() }))
  const task = await open(store)
  task.recordContext = at(100)
  store.put('a', { value: '1', timestamp: 42 })
  store.put('a', null)
  store.put('b', { value: null as unknown as string, timestamp: 42 })
  expect(task.changes('s')).toEqual(['a=1@42', 'a=null@100', 'b=null@100'])
  expect(store.get('b')).toBeNull()
})

test('a plain store logs at the record’s timestamp', async () => {
  const store = build(keyValueStore('s', { key: string(), value: string() }))
  const task = await open(store)
  task.recordContext = at(100)
  store.put('a', '1')
  expect(task.changes('s')).toEqual(['a=1@100'])
})

test.each([false, true])(
  'entries are put together, or none if one of them is refused (cached: %s)',
  async (caching) => {
    const store = build(keyValueStore('s', { key: string(), value: long(), caching }))
    const task = await open(store)
    store.putAll([
      ['a', 1],
      ['b', 2],
    ])
    for (const refused of [[null as unknown as string, 3] as const, ['c', 'no number' as unknown as number] as const]) {
      expect(() => store.putAll([['a', 4], refused])).toThrow("store 's'")
    }
    await task.commit()
    expect(await collect(store.all())).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  },
)

test.each([
  ['cached', true],
  ['not cached', false],
] as const)('putAll serializes each key and value once, where the store is %s', async (_name, caching) => {
  const serialized: string[] = []
  const counted: Serde<string> = {
    ...string(),
    sizeOf: undefined,
    serialize: (topic, value, headers) => {
      serialized.push(value)
      return string().serialize(topic, value, headers)
    },
  }
  const store = build(keyValueStore('s', { key: counted, value: counted, caching }))
  const task = await open(store)
  store.putAll([
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ])
  await task.commit()
  expect(serialized.sort()).toEqual(['1', '2', '3', 'a', 'a', 'b'])
  expect(await collect(store.all())).toEqual([
    ['a', '3'],
    ['b', '2'],
  ])
})

test('a timestamped store keeps Java’s layout, and takes the timestamp of a restored record', async () => {
  const store = build(timestampedKeyValueStore('s', { key: string(), value: string() }))
  const task = await open(store)
  store.put('a', { value: 'x', timestamp: 0x0102030405 })
  expect(task.state.bytes('s').get(Buffer.from('a'))).toEqual(
    Buffer.from('\x00\x00\x00\x01\x02\x03\x04\x05x', 'latin1'),
  )
  const record = Buffer.from('bv')
  store.restore({ key: record.subarray(0, 1), value: record.subarray(1), timestamp: -1 })
  record.fill(0)
  expect(store.get('b')).toEqual({ value: 'v', timestamp: -1 })
  expect(task.state.bytes('s').get(Buffer.from('b'))!.subarray(0, 8)).toEqual(Buffer.alloc(8, 0xff))
  store.restore({ key: Buffer.from('b'), value: null, timestamp: 5 })
  expect(store.get('b')).toBeNull()
  expect(task.changes('s')).toHaveLength(1)
})

test('a plain store restores bytes as they are', async () => {
  const store = build(keyValueStore('s', { key: string(), value: string() }))
  await open(store)
  store.restore({ key: Buffer.from('a'), value: Buffer.from('1'), timestamp: 5 })
  expect(store.get('a')).toBe('1')
})

test('a store restored from a source topic does not write to it', async () => {
  const store = timestampedKeyValueStore('s', { key: string(), value: string(), logging: false }).build('source')
  const task = await open(store)
  expect(store.changelogTopic).toBe('source')
  store.put('a', { value: '1', timestamp: 1 })
  expect(task.changelogs.size).toBe(0)
})

test('serdes see the changelog’s name as topic, also without a changelog', async () => {
  const topics = new Set<string>()
  const spy: Serde<string> = {
    serialize: (topic, value) => (topics.add(topic), Buffer.from(value)),
    deserialize: (topic, bytes) => (topics.add(topic), bytes.toString()),
  }
  for (const [logging, changelog] of [
    [true, 'app-s-changelog'],
    [false, null],
    [false, 'source'],
  ] as const) {
    const store = keyValueStore('s', { key: spy, value: spy, logging }).build(changelog)
    await open(store)
    store.put('a', '1')
    store.get('a')
  }
  expect([...topics]).toEqual(['app-s-changelog', 'source'])
})

test('serdes left open are the app’s defaults', async () => {
  const store: KeyValueStore<unknown, unknown> & ManagedStore = keyValueStore('s').build('app-s-changelog')
  const task = await open(store)
  store.put('a', '1')
  expect(task.changes('s')).toEqual(['a=1@0'])
  expect(() => store.put('a', 1)).toThrow(/give the store a value serde/i)
})

test('bytes that another serde wrote are an error that names the store', async () => {
  const store = build(keyValueStore('s', { key: string(), value: long() }))
  await open(store)
  store.restore({ key: Buffer.from('a'), value: Buffer.from('text'), timestamp: 0 })
  const unreadable = expect.objectContaining({
    code: 'DESERIALIZATION_FAILED',
    location: expect.objectContaining({ store: 's' }),
  })
  expect(() => store.get('a')).toThrow(unreadable)
  await expect(collect(store.all())).rejects.toEqual(unreadable)
})

test('a plain view shows a timestamped store without timestamps', async () => {
  const store = build(timestampedKeyValueStore('s', { key: string(), value: long() })) as TimestampedKeyValueStore<
    string,
    number
  > &
    ManagedStore
  await open(store)
  const view = new PlainView(store)
  for (const [i, key] of ['a', 'ab', 'b'].entries()) store.put(key, { value: i, timestamp: 1 })
  expect(view).toMatchObject({ name: 's', persistent: true })
  expect([view.get('a'), view.get('x')]).toEqual([0, null])
  expect(await collect(view.all({ reverse: true }))).toEqual([
    ['b', 2],
    ['ab', 1],
    ['a', 0],
  ])
  expect(await collect(view.range('ab', null))).toEqual([
    ['ab', 1],
    ['b', 2],
  ])
  expect(await collect(view.prefixScan('a', string()))).toEqual([
    ['a', 0],
    ['ab', 1],
  ])
  expect(view.approximateNumEntries()).toBe(3)
})
