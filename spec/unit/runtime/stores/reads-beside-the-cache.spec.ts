import { readPoint } from '../../../../lib/query/store-reads'
import type { PointQuery } from '../../../../lib/query/store-query'
import { Windowed } from '../../../../lib/record/windowed'
import { storeView } from '../../../../lib/runtime/stores/store-view'
import type { Task } from '../../../../lib/runtime/tasks/task'
import { json, string } from '../../../../lib/serdes'
import { sessionStore } from '../../../../lib/state/session/session-stores'
import type {
  ManagedStore,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyWindowStore,
  StateStore,
  StoreBuilder,
} from '../../../../lib/state/store'
import type { CachedStore } from '../../../../lib/state/cached-store'
import { keyValueStore, timestampedKeyValueStore } from '../../../../lib/state/stores'
import { timestampedWindowStore, windowStore } from '../../../../lib/state/window/window-stores'
import { at, build, StoreTask } from '../../../contract/stores/store-task'

type Cached = ManagedStore & CachedStore<unknown, unknown>
type Put = (store: never, key: string) => void
type Read = (store: never, key: string) => unknown

const text = { key: string(), value: string(), caching: true }
const objects = { key: json<string>(), value: json<string>(), caching: true }
const windows = { ...text, windowSize: 10, retention: 1000 }
const sessions = { ...text, retention: 1000 }

const value = { value: '1', timestamp: 5 }
const session = (key: string) => new Windowed(key, { start: 3, end: 7 })

const putKeyValue: Put = (store: { put(key: string, value: string): void }, key) => store.put(key, '1')
const putTimestamped: Put = (store: { put(key: string, value: object): void }, key) => store.put(key, value)
const putWindow: Put = (store: { put(key: string, value: string, start: number): void }, key) => store.put(key, '1', 5)
const putTimestampedWindow: Put = (store: { put(key: string, value: object, start: number): void }, key) =>
  store.put(key, value, 5)
const putSession: Put = (store: { put(session: object, value: string): void }, key) => store.put(session(key), '1')

const get: Read = (store: ReadOnlyKeyValueStore<string, unknown>, key) => store.get(key)
const fetch: Read = (store: ReadOnlyWindowStore<string, unknown>, key) => store.fetch(key, 5)
const fetchRange: Read = (store: ReadOnlyWindowStore<string, unknown>, key) => store.fetch(key, 0, 9)[0]?.[1]
const fetchSession: Read = (store: ReadOnlySessionStore<string, unknown>, key) => store.fetchSession(key, 3, 7)
const findSessions: Read = (store: ReadOnlySessionStore<string, unknown>, key) => store.findSessions(key, 0, 9)[0]?.[1]

/** A store's kind, what it is made by, how it is written and read, and what a read gives. */
const KINDS: readonly [kind: string, builder: StoreBuilder, put: Put, read: Read, found: unknown][] = [
  ['key-value', keyValueStore('s', text), putKeyValue, get, '1'],
  ['key-value, of objects', keyValueStore('s', objects), putKeyValue, get, '1'],
  ['timestamped key-value', timestampedKeyValueStore('s', text), putTimestamped, get, value],
  ['window', windowStore('s', windows), putWindow, fetch, '1'],
  ['window, several', windowStore('s', windows), putWindow, fetchRange, '1'],
  ['timestamped window', timestampedWindowStore('s', windows), putTimestampedWindow, fetch, value],
  ['session', sessionStore('s', sessions), putSession, fetchSession, '1'],
  ['session, several', sessionStore('s', sessions), putSession, findSessions, '1'],
]

const query = (read: Read, key: string): PointQuery<unknown> => {
  switch (read) {
    case get:
      return { kind: 'get', key }
    case fetch:
      return { kind: 'window', key, start: 5 }
    case fetchRange:
      return { kind: 'windows', key, from: 0, to: 9 }
    case fetchSession:
      return { kind: 'session', key, start: 3, end: 7 }
    default:
      return { kind: 'sessions', key, earliestEnd: 0, latestStart: 9 }
  }
}

const tasks: StoreTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.close()
})

/** A store with a flush listener, in a cache of a certain size. */
const open = async (builder: StoreBuilder, cacheBytes: number) => {
  const store = build(builder) as Cached
  const task = await StoreTask.open([store], { folder: null, cacheBytes })
  task.recordContext = at(5, { topic: 't' })
  tasks.push(task)
  const forwarded: string[] = []
  store.setFlushListener((key) => forwarded.push(typeof key === 'string' ? key : (key as Windowed<string>).key), false)
  return { store, task, forwarded }
}

/** With room for three entries. */
const openSmall = async (builder: StoreBuilder, put: Put) => {
  const { store, task } = await open(builder, 1 << 20)
  for (const key of 'abc') put(store as never, key)
  return open(builder, task.cache!.usedBytes)
}

const viewOf = (builder: StoreBuilder, store: ManagedStore): StateStore => {
  const task = {
    state: 'running',
    subTopology: { stores: [{ definition: { builder } }] },
    stores: { all: [store] },
  } as unknown as Task
  return storeView(builder, () => [task], new Set([builder.name]))
}

describe.each(KINDS)('reads of a %s store from outside its task', (_kind, builder, put, read, found) => {
  test('a cold key that is read evicts nothing, and nothing is forwarded', async () => {
    const { store, task, forwarded } = await openSmall(builder, put)
    for (const key of 'abc') put(store as never, key)
    store.flushCache()
    for (const key of 'def') put(store as never, key)
    forwarded.length = 0
    const { usedBytes } = task.cache!

    const view = viewOf(builder, store)
    for (const key of 'abc') {
      expect(read(view as never, key)).toEqual(found)
      expect(readPoint(store, query(read, key))).toMatchObject([{ value: '1' }])
    }

    expect(forwarded).toEqual([])
    expect(task.cache!.usedBytes).toBe(usedBytes)
  })

  test('a cached key that is read stays the next to be evicted', async () => {
    const { store, forwarded } = await openSmall(builder, put)
    for (const key of 'abc') put(store as never, key)
    const view = viewOf(builder, store)
    for (const key of 'ba') {
      expect(read(view as never, key)).toEqual(found)
      expect(readPoint(store, query(read, key))).toMatchObject([{ value: '1' }])
    }
    put(store as never, 'd')
    expect(forwarded.join('')).toBe('abcd')
  })

  test('a key that does not exist has no value', async () => {
    const { store } = await open(builder, 1 << 20)
    const view = viewOf(builder, store)
    expect(read(view as never, 'a') ?? null).toBeNull()
    expect(readPoint(store, query(read, 'a'))).toEqual([])
  })
})
