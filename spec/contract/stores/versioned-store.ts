import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, string } from '../../../lib/serdes'
import type { ManagedStore, VersionedKeyValueStore } from '../../../lib/state/store'
import {
  versionedKeyValueStore,
  type VersionedKeyValueStoreOptions,
} from '../../../lib/state/versioned/versioned-key-value-store'
import { build, changelogOf, StoreTask } from './store-task'

type Store = VersionedKeyValueStore<string, string> & ManagedStore

/** What every versioned store does, on disk and in memory. */
export const versionedStoreContract = (persistent: boolean): void => {
  describe(`versioned store, ${persistent ? 'on disk' : 'in memory'}`, () => {
    const tasks: StoreTask[] = []
    afterEach(async () => {
      for (const task of tasks.splice(0)) await task.close()
    })

    const open = async (
      options: Partial<VersionedKeyValueStoreOptions<string, string>> = {},
      folder?: string,
    ): Promise<{ store: Store; task: StoreTask }> => {
      const serdes = { key: string(), value: string() }
      const store: Store = build(
        versionedKeyValueStore('v', { ...serdes, historyRetention: 100, persistent, ...options }),
      )
      const task = await StoreTask.open([store], { folder })
      tasks.push(task)
      return { store, task }
    }
    const shown = (store: Store, key: string): string[] =>
      store.versions(key).map(({ value, timestamp, validTo }) => `${value}[${timestamp},${validTo})`)

    test('an absent key has no versions', async () => {
      const { store } = await open()
      expect(store.get('a')).toBeNull()
      expect(store.get('a', 5)).toBeNull()
      expect(store.versions('a')).toEqual([])
      expect(store.delete('a', 5)).toBeNull()
    })

    test('a put tells until when its version is valid; reads find what was valid', async () => {
      const { store } = await open()
      expect(store.put('a', 'one', 10)).toBe(Infinity)
      expect(store.put('a', 'three', 30)).toBe(Infinity)
      expect(store.put('a', 'two', 20)).toBe(30)
      expect(store.put('a', 'zero', 0)).toBe(10)
      expect(store.put('b', 'other', 25)).toBe(Infinity)
      expect(store.get('a')).toEqual({ value: 'three', timestamp: 30, validTo: Infinity })
      expect(store.get('a', 29)).toEqual({ value: 'two', timestamp: 20, validTo: 30 })
      expect(store.get('a', 20)?.value).toBe('two')
      expect(store.get('a', 1000)?.value).toBe('three')
      expect(shown(store, 'a')).toEqual(['zero[0,10)', 'one[10,20)', 'two[20,30)', 'three[30,Infinity)'])
      expect(store.versions('a', { from: 10, to: 20, reverse: true }).map(({ value }) => value)).toEqual(['two', 'one'])
    })

    test('a value that reads the store while it is written is put under its own key', async () => {
      const { store } = await open({ value: json<string>() })
      const value = { toJSON: () => `seen ${store.get('other')}` } as unknown as string
      store.put('key', value, 10)
      expect(store.get('key')?.value).toBe('seen null')
    })

    test('the same timestamp replaces', async () => {
      const { store } = await open()
      store.put('a', '1', 10)
      store.put('a', '2', 20)
      expect(store.put('a', '1b', 10)).toBe(20)
      expect(store.put('a', '2b', 20)).toBe(Infinity)
      expect(shown(store, 'a')).toEqual(['1b[10,20)', '2b[20,Infinity)'])
    })

    test('a deletion ends a version, and can come late, too', async () => {
      const { store } = await open()
      store.put('a', '1', 10)
      expect(store.delete('a', 30)).toMatchObject({ value: '1' })
      expect(store.get('a')).toBeNull()
      expect(store.get('a', 29)?.value).toBe('1')
      expect(store.get('a', 30)).toBeNull()
      // before the deletion, and so not the latest
      expect(store.put('a', '2', 20)).toBe(30)
      expect(store.get('a')).toBeNull()
      expect(store.put('a', null, 15)).toBe(20)
      expect(store.put('a', '3', 40)).toBe(Infinity)
      expect(store.put('a', 'between', 35)).toBe(40)
      expect(shown(store, 'a')).toEqual(['1[10,15)', '2[20,30)', 'between[35,40)', '3[40,Infinity)'])
      expect(store.get('a', 17)).toBeNull()
      expect(store.get('a', 32)).toBeNull()
    })

    test('a deletion of a key that was never there is remembered', async () => {
      const { store } = await open()
      expect(store.put('a', null, 20)).toBe(Infinity)
      expect(store.put('a', 'late', 10)).toBe(20)
      expect(store.get('a')).toBeNull()
      expect(store.get('a', 15)?.value).toBe('late')
    })

    test('what is older than the history retention is dropped, and no longer found', async () => {
      const { store, task } = await open()
      store.put('a', 'old', 50)
      store.put('a', 'new', 60)
      store.put('b', 'now', 200)
      expect(store.put('a', 'edge', 100)).toBe(Infinity)
      expect(store.put('a', 'late', 99)).toBeUndefined()
      expect(store.delete('a', 99)).toBeNull()
      expect(task.dropped).toHaveLength(2)
      expect(store.get('a', 99)).toBeNull()
      expect(store.get('a', 100)?.value).toBe('edge')
      // the latest version is always found
      store.put('b', 'later', 5000)
      expect(store.get('a', 150)?.value).toBe('edge')
    })

    test.each([[-1], [1.5], [NaN], [Infinity]])('a timestamp of %s is refused', async (timestamp) => {
      const { store } = await open()
      expect(() => store.put('a', '1', timestamp)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    })

    test('every put is logged under its own timestamp, in the order in which they came', async () => {
      const { store, task } = await open()
      store.put('a', '2', 200)
      store.put('a', '1', 150)
      store.put('a', 'late', 1)
      store.delete('a', 300)
      expect(task.changes('v')).toEqual(['a=2@200', 'a=1@150', 'a=late@1', 'a=null@300'])
    })

    test('another store restored from the changelog holds the same', async () => {
      const { store, task } = await open({ historyRetention: 50, segmentInterval: 7 })
      fill(store, 1)
      const restored = await open({ historyRetention: 50, segmentInterval: 7 })
      for (const { key, value, timestamp } of task.changelogs.get(changelogOf('v'))!) {
        restored.store.restore({ key, value, timestamp })
      }
      for (const key of ['a', 'b', 'c']) expect(shown(restored.store, key)).toEqual(shown(store, key))
    })

    test.each([1, 2, 3])('random updates: what a list of all versions says (seed %i)', async (seed) => {
      const { store, task } = await open({ historyRetention: 60, segmentInterval: 9 })
      const model = new Model(60)
      for (const [i, { key, value, timestamp }] of updates(seed).entries()) {
        expect(store.put(key, value, timestamp)).toBe(model.put(key, value, timestamp))
        if (i % 50 === 0) await task.commit()
        for (const k of ['a', 'b', 'c']) {
          expect(store.get(k)?.value ?? null).toBe(model.asOf(k, Infinity))
          for (const back of [0, 3, 20, 59, 60]) {
            const time = Math.max(0, model.now - back)
            expect([k, time, store.get(k, time)?.value ?? null]).toEqual([k, time, model.asOf(k, time)])
          }
        }
      }
    })

    if (persistent) {
      test('opened again, it holds what was committed, and knows how late it is', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'millrace-'))
        try {
          const first = await open({}, folder)
          first.store.put('a', '1', 100)
          first.store.put('a', '2', 200)
          await first.task.commit()
          first.store.put('a', 'lost', 300)
          await tasks.pop()!.close()
          const { store } = await open({}, folder)
          expect(shown(store, 'a')).toEqual(['1[100,200)', '2[200,Infinity)'])
          expect(store.put('a', 'late', 99)).toBeUndefined()
          await tasks.pop()!.close()
        } finally {
          await rm(folder, { recursive: true })
        }
      })
    }

    test('what has expired is removed from the disk or the memory', async () => {
      const { store, task } = await open({ historyRetention: 100, segmentInterval: 10 })
      for (let i = 0; i < 2000; i++) store.put(`k${i % 50}`, String(i), i * 10)
      await task.commit()
      await task.commit()
      let entries = 0
      for await (const _ of task.state.bytes('v').scan({})) entries++
      expect(entries).toBeLessThan(50 + 20)
    })
  })
}

const KEYS = ['a', 'b', 'c']

interface Update {
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
}

/** Forward in time on the whole, with late ones, deletions and repeated timestamps. */
function updates(seed: number): Update[] {
  let state = seed
  const next = (below: number): number => ((state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >>> 8) % below
  let now = 0
  return Array.from({ length: 600 }, (_, i) => {
    now += next(4)
    const timestamp = next(3) === 0 ? Math.max(0, now - next(75)) : now
    return { key: KEYS[next(3)]!, value: next(5) === 0 ? null : `v${i}`, timestamp }
  })
}

const fill = (store: Store, seed: number): void => {
  for (const { key, value, timestamp } of updates(seed)) store.put(key, value, timestamp)
}

/** All versions there ever were. */
class Model {
  private readonly versions = new Map<string, Map<number, string | null>>()
  now = -1

  constructor(private readonly retention: number) {}

  put(key: string, value: string | null, timestamp: number): number | undefined {
    if (timestamp < this.now - this.retention) return undefined
    this.now = Math.max(this.now, timestamp)
    const versions = this.versions.get(key) ?? new Map<number, string | null>()
    this.versions.set(key, versions)
    const times = [...versions.keys()]
    const before = versions.get(Math.max(...times.filter((time) => time < timestamp))) ?? null
    const isLatestValue = timestamp === Math.max(...times) && versions.get(timestamp) != null
    // as in Kafka Streams: deleted at its own timestamp, a latest value with nothing right before it was never there
    if (value === null && isLatestValue && before === null) versions.delete(timestamp)
    else versions.set(timestamp, value)
    const later = [...versions.keys()].filter((time) => time > timestamp)
    return later.length === 0 ? Infinity : Math.min(...later)
  }

  asOf(key: string, time: number): string | null {
    const versions = this.versions.get(key)
    if (!versions) return null
    const times = [...versions.keys()]
    const latest = Math.max(...times)
    const valid = Math.max(...times.filter((each) => each <= time))
    if (time < this.now - this.retention && valid !== latest) return null
    return versions.get(valid) ?? null
  }
}
