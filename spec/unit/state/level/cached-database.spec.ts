import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import type { StateCacheBudget, TaskDatabase } from '../../../../lib/state/state-engine'
import { silentLogger } from '../../../../lib/observe/logger'
import { temporaryFolder } from '../temporary-folder'
import { randomly } from '../randomly'

const b = (text: string): Buffer => Buffer.from(text)
const shown = (value: Buffer | null): string | null => (value === null ? null : value.toString())

const engine = levelEngine()
const opened: TaskDatabase[] = []
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close()
})
const folder = temporaryFolder()

const open = async (taskId: string, cache?: StateCacheBudget): Promise<TaskDatabase> => {
  const stores = ['s', 't'].map((name) => ({ name, logged: true }))
  const directory = join(folder.path, taskId)
  const database = await engine.open({ directory, taskId, stores, logger: silentLogger, cache })
  opened.push(database)
  return database
}

const storeOf = (database: TaskDatabase, name = 's') => {
  const store = database.stores.get(name)!
  return {
    get: (key: string) => shown(store.get(b(key))),
    put: (key: string, value: string | null) => store.put(b(key), value === null ? null : b(value)),
    restore: (key: string, value: string | null) => store.restore(b(key), value === null ? null : b(value)),
    dropBelow: (key: string) => store.dropBelow(b(key)),
  }
}

const commit = (database: TaskDatabase): Promise<void> => {
  database.seal()
  return database.commit(new Map())
}

describe('a database with a cache', () => {
  const budget = (): StateCacheBudget => ({ maxBytes: 1 << 16 })

  test('shares it with another one, and finds only its own entries', async () => {
    const cache = budget()
    const [one, two] = [await open('0_0', cache), await open('0_1', cache)]
    storeOf(one).put('k', 'one')
    storeOf(one, 't').put('k', 'other store')
    storeOf(two).put('l', 'two')
    await Promise.all([commit(one), commit(two)])
    expect([storeOf(one).get('k'), storeOf(one, 't').get('k'), storeOf(one).get('l')]).toEqual([
      'one',
      'other store',
      null,
    ])
    expect([storeOf(two).get('k'), storeOf(two).get('l')]).toEqual([null, 'two'])
  })

  test('shows restored records with their commit, not before', async () => {
    const database = await open('0_0', budget())
    const store = storeOf(database)
    for (const key of ['a', 'b', 'read']) store.put(key, 'old')
    await commit(database)
    expect(store.get('read')).toBe('old')
    store.restore('read', 'new')
    store.restore('a', null)
    store.restore('c', 'new')
    const before = ['read', 'a', 'b', 'c'].map(store.get)
    expect(before).toEqual(['old', 'old', 'old', null])
    await database.commit(new Map())
    expect(['read', 'a', 'b', 'c'].map(store.get)).toEqual(['new', null, 'old', 'new'])
  })

  test.each([
    ['all', 1 << 22],
    ['few', 1 << 16],
  ])('counts restored entries, of which it keeps %s, without those that were deleted again', async (_, maxBytes) => {
    const database = await open('0_0', { maxBytes })
    const store = storeOf(database)
    for (let i = 0; i < 60_000; i++) {
      store.restore(`k${i % 20_000}`, i >= 40_000 && i % 2 === 0 ? null : `${i}`)
      if (i % 1000 === 999) await database.commit(new Map())
    }
    const entries = database.stores.get('s')!.approximateNumEntries()
    expect(entries).toBeGreaterThan(9000)
    expect(entries).toBeLessThan(11_000)
  })

  test('a write that is committed before a restored record of its key does not replace that', async () => {
    const database = await open('0_0', budget())
    const store = storeOf(database)
    store.put('k', 'written')
    database.seal()
    const writing = database.commit(new Map())
    store.restore('k', 'restored')
    await writing
    expect(store.get('k')).toBe('written')
    await database.commit(new Map())
    expect(store.get('k')).toBe('restored')
  })

  test('reads nothing below a key that entries were dropped below, until it is written', async () => {
    const database = await open('0_0', budget())
    const store = storeOf(database)
    for (const key of 'abc') store.put(key, '1')
    await commit(database)
    store.dropBelow('b')
    await commit(database)
    expect(['a', 'b', 'c'].map(store.get)).toEqual([null, '1', '1'])
    store.put('a', '2')
    await commit(database)
    expect(store.get('a')).toBe('2')
  })

  test('forgets what was discarded', async () => {
    const database = await open('0_0', budget())
    const store = storeOf(database)
    store.put('k', 'committed')
    await commit(database)
    store.put('k', 'discarded')
    store.restore('l', 'discarded')
    database.seal()
    database.discard()
    expect([store.get('k'), store.get('l')]).toEqual(['committed', null])
    await commit(database)
    expect([store.get('k'), store.get('l')]).toEqual(['committed', null])
  })

  test('opened again it has nothing from before: its folder may be another one', async () => {
    const cache = budget()
    const before = await open('0_0', cache)
    storeOf(before).put('k', 'gone')
    await commit(before)
    await before.close()
    await rm(join(folder.path, '0_0'), { recursive: true })
    const after = await open('0_0', cache)
    expect(storeOf(after).get('k')).toBeNull()
  })

  test('damaged and set aside, it has nothing from before', async () => {
    const cache = budget()
    const before = await open('0_0', cache)
    storeOf(before).put('k', 'gone')
    await commit(before)
    await before.close()
    const directory = join(folder.path, '0_0')
    await rm(
      join(
        directory,
        (await readdir(directory)).find((file) => file.startsWith('MANIFEST'))!,
      ),
    )
    const after = await open('0_0', cache)
    expect(storeOf(after).get('k')).toBeNull()
  })

  test('says so when it is read after close', async () => {
    const database = await open('0_0', budget())
    const store = storeOf(database)
    store.put('k', '1')
    await commit(database)
    expect(store.get('k')).toBe('1')
    await database.close()
    expect(() => store.get('k')).toThrow(expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' }))
  })
})

describe('LevelDB is asked', () => {
  const reads = jest.spyOn(Level.prototype, 'getSync')
  afterAll(() => reads.mockRestore())
  const large = { maxBytes: 1 << 20 }

  /** How many reads of LevelDB the work takes. */
  const readsOf = (work: () => void): number => {
    reads.mockClear()
    work()
    return reads.mock.calls.length
  }

  test('for nothing to count what is restored into a new database, while that fits into the cache', async () => {
    const database = await open('0_0', large)
    const store = storeOf(database)
    const restore = (keys: string[], value: string | null): void => keys.forEach((key) => store.restore(key, value))
    expect(readsOf(() => restore(['a', 'b', 'a'], '1'))).toBe(0)
    await database.commit(new Map())
    expect(readsOf(() => restore(['a', 'c'], null))).toBe(0)
    expect(database.stores.get('s')!.approximateNumEntries()).toBe(1)
  })

  test('for nothing while a new database fits into the cache', async () => {
    const database = await open('0_0', large)
    const store = storeOf(database)
    const work = (): void => {
      for (let i = 0; i < 1000; i++) {
        store.get(`k${i}`)
        store.put(`k${i}`, `${i}`)
      }
    }
    expect(readsOf(work)).toBe(0)
    await commit(database)
    expect(readsOf(work)).toBe(0)
    expect(store.get('k7')).toBe('7')
  })

  test('for nothing after a restore of all', async () => {
    const database = await open('0_0', large)
    const store = storeOf(database)
    for (let i = 0; i < 1000; i++) store.restore(`k${i}`, `${i}`)
    await database.commit(new Map())
    expect(readsOf(() => expect([store.get('k7'), store.get('absent')]).toEqual(['7', null]))).toBe(0)
  })

  test('once for each key of a database opened again, whether it exists or not', async () => {
    const before = await open('0_0', large)
    storeOf(before).put('k', '1')
    await commit(before)
    await before.close()
    const store = storeOf(await open('0_0', large))
    const work = (): void => {
      for (let i = 0; i < 10; i++) expect([store.get('k'), store.get('absent')]).toEqual(['1', null])
    }
    expect(readsOf(work)).toBe(2)
    expect(readsOf(work)).toBe(0)
  })

  test('for what was evicted', async () => {
    const database = await open('0_0', { maxBytes: 10_000 })
    const store = storeOf(database)
    for (let i = 0; i < 1000; i++) store.put(`k${i}`, `${i}`)
    await commit(database)
    const readAll = (): void => {
      for (let i = 0; i < 1000; i++) expect(store.get(`k${i}`)).toBe(`${i}`)
    }
    expect(readsOf(readAll)).toBeGreaterThan(500)
  })

  test('for few of the keys that a new database never had, however large it is', async () => {
    const database = await open('0_0', { maxBytes: 1 << 16 })
    const [store, other] = [storeOf(database), storeOf(database, 't')]
    for (let i = 0; i < 1000; i++) store.restore(`k${i}`, 'restored')
    await database.commit(new Map())
    for (let i = 1000; i < 2000; i++) store.put(`k${i}`, 'written')
    await commit(database)
    const readAbsent = (): void => {
      for (let i = 0; i < 1000; i++) expect([store.get(`l${i}`), other.get(`k${i}`)]).toEqual([null, null])
    }
    expect(readsOf(readAbsent)).toBeLessThan(200)
    for (let i = 0; i < 2000; i++) expect(store.get(`k${i}`)).toBe(i < 1000 ? 'restored' : 'written')
  })
})

test.each([0, 100, 1000, 4000, 30_000, 1 << 20])(
  'random work with a cache of %i bytes reads what it reads without one',
  async (maxBytes) => {
    const random = randomly(maxBytes)
    const cache = { maxBytes }
    const [plain, cached] = [await open('plain'), await open('cached', cache)]
    const both = [plain, cached]
    const different: unknown[] = []
    const compare = (name: string, key: string): void => {
      const [expected, found] = [storeOf(both[0]!, name).get(key), storeOf(both[1]!, name).get(key)]
      if (expected !== found) different.push([name, key, expected, found])
    }
    for (let step = 0; step < 6000; step++) {
      const name = 'st'[random(2)]!
      const key = `key-${String(random(200)).padStart(3, '0')}`
      const value = random(5) === 0 ? null : String(step).repeat(1 + random(5))
      const action = random(1000)
      if (action < 600) compare(name, key)
      else if (action < 850) for (const database of both) storeOf(database, name).put(key, value)
      else if (action < 960) for (const database of both) storeOf(database, name).restore(key, value)
      else if (action < 985) await Promise.all(both.map(commit))
      else if (action < 993) {
        // reads while the commit is under way: only of what is not being restored, which may be there or not yet
        await Promise.all(both.map((database) => database.commit(new Map())))
        for (const database of both) database.seal()
        const commits = both.map((database) => database.commit(new Map()))
        for (let i = 0; i < 30; i++) {
          compare(name, `key-${String(random(200)).padStart(3, '0')}`)
          if (i % 10 === 0) await new Promise(setImmediate)
        }
        await Promise.all(commits)
      } else if (action < 996) {
        const below = `key-0${random(10)}`
        for (const database of both) storeOf(database, name).dropBelow(below)
        await Promise.all(both.map(commit))
      } else if (action < 998) {
        await Promise.all(both.map((database) => database.commit(new Map())))
        for (const [i, taskId] of ['plain', 'cached'].entries()) {
          if (step % 2 === 0) both[i]!.discard()
          await both[i]!.close()
          if (step % 3 === 0) await rm(join(folder.path, taskId), { recursive: true })
          both[i] = await open(taskId, i === 0 ? undefined : cache)
        }
      } else {
        for (let i = 0; i < 200; i++) compare(name, `key-${String(i).padStart(3, '0')}`)
      }
    }
    expect(different).toEqual([])
  },
)
