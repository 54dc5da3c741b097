import { string } from '../../../lib/serdes'
import type { KeyValueStore } from '../../../lib/state/store'
import { keyValueStore, timestampedKeyValueStore } from '../../../lib/state/stores'
import { at, build, changelogOf, collect, StoreTask } from '../../contract/stores/store-task'

const tasks: StoreTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.close()
})

const text = { key: string(), value: string() }

const open = async (options: { maxEntries: number; caching?: boolean; logging?: boolean }) => {
  const store = build(keyValueStore('s', { ...text, ...options }))
  const task = await StoreTask.open([store], { cacheBytes: options.caching ? 1 << 20 : undefined })
  tasks.push(task)
  return { store, task }
}

/** Puts the keys at times 0, 1, 2 …; a key after `?` is read, one after `-` deleted. Each is a commit. */
const work = async (store: KeyValueStore<string, string>, task: StoreTask, steps: string): Promise<void> => {
  for (const [i, step] of steps.split(' ').entries()) {
    task.recordContext = at(i)
    if (step.startsWith('?')) store.get(step.slice(1))
    else if (step.startsWith('-')) store.delete(step.slice(1))
    else store.put(step, `v${i}`)
    await task.commit()
  }
}

const keysOf = async (store: KeyValueStore<string, string>): Promise<string> =>
  (await collect(store.all())).map(([key]) => key).join(' ')

// what Kafka Streams 4.2 logs and keeps for the same calls
test('one key more evicts the least recently used one, with a tombstone before the new value', async () => {
  const { store, task } = await open({ maxEntries: 2 })
  await work(store, task, 'a b a c d b a -a e ?d f')
  expect(task.changes('s').join(' ')).toBe(
    'a=v0@0 b=v1@1 a=v2@2 b=null@3 c=v3@3 a=null@4 d=v4@4 c=null@5 b=v5@5 d=null@6 a=v6@6 a=null@7 e=v8@8 b=null@10 f=v10@10',
  )
  expect(await keysOf(store)).toBe('e f')
  expect(store.approximateNumEntries()).toBe(2)
  expect(store.get('d')).toBeNull()
})

test('a read is a use, a scan is none', async () => {
  const { store, task } = await open({ maxEntries: 2 })
  await work(store, task, 'a b ?a c')
  expect(await keysOf(store)).toBe('a c')
  await collect(store.range('a', 'a'))
  await work(store, task, 'd')
  expect(await keysOf(store)).toBe('c d')
})

test('what the record cache still has is read from it', async () => {
  const { store, task } = await open({ maxEntries: 2, caching: true })
  await work(store, task, 'a b c')
  expect(task.changes('s')).toEqual(['a=v0@0', 'b=v1@1', 'a=null@2', 'c=v2@2'])
  expect(store.get('a')).toBe('v0')
  expect(await keysOf(store)).toBe('a b c')
  expect(store.approximateNumEntries()).toBe(2)
})

test('a timestamped store evicts without a tombstone', async () => {
  const store = build(timestampedKeyValueStore('s', { ...text, maxEntries: 1 }))
  const task = await StoreTask.open([store])
  tasks.push(task)
  store.put('a', { value: '1', timestamp: 5 })
  store.put('b', { value: '2', timestamp: 6 })
  expect(task.changes('s')).toEqual(['a=1@5', 'b=2@6'])
  expect(await collect(store.all())).toEqual([['b', { value: '2', timestamp: 6 }]])
})

test('restore evicts in the order of the changelog, and logs nothing', async () => {
  const { store, task } = await open({ maxEntries: 2 })
  await work(store, task, 'a b c')
  const { store: other, task: otherTask } = await open({ maxEntries: 2 })
  for (const record of task.changelogs.get(changelogOf('s'))!) other.restore(record)
  // without its tombstone, as from a changelog that something else wrote
  other.restore({ key: Buffer.from('d'), value: Buffer.from('4'), timestamp: 9 })
  await otherTask.commit()
  expect(await keysOf(other)).toBe('c d')
  expect(otherTask.changes('s')).toEqual([])
  other.put('e', '5')
  expect(await keysOf(other)).toBe('d e')
})

test('bounds that cannot be meant are refused', () => {
  for (const maxEntries of [-1, 1.5, NaN]) {
    expect(() => keyValueStore('s', { maxEntries })).toThrow(
      `options.maxEntries to be a whole number of 0 or more, and got ${maxEntries}`,
    )
  }
  expect(() => keyValueStore('s', { maxEntries: 1, persistent: true })).toThrow('only a store in memory can be bounded')
  expect(keyValueStore('s', { maxEntries: 1 }).persistent).toBe(false)
})
