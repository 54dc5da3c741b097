import { string } from '../../../lib/serdes'
import { sessionStore } from '../../../lib/state/session/session-stores'
import { Windowed } from '../../../lib/record/windowed'
import { at, build, changelogOf, collect, StoreTask } from './store-task'
import type { Variant } from './window-store'

/** What every session store does, on disk and in memory, cached or not. */
export const sessionStoreContract = ({ persistent, cached }: Variant): void => {
  describe(`session store, ${persistent ? 'on disk' : 'in memory'}, ${cached ? '' : 'un'}cached`, () => {
    const tasks: StoreTask[] = []
    afterEach(async () => {
      for (const task of tasks.splice(0)) await task.close()
    })

    const open = async (retention = 120_000) => {
      const store = build(sessionStore('s', { key: string(), value: string(), retention, persistent, caching: cached }))
      const task = await StoreTask.open([store], { cacheBytes: 1 << 20 })
      task.recordContext = at(7)
      tasks.push(task)
      return { store, task }
    }

    const session = (key: string, start: number, end: number) => new Windowed(key, { start, end })
    const shown = (found: ReadonlyArray<readonly [Windowed<string>, string]>): string[] =>
      found.map(([{ key, window }, value]) => `${key}@${window.start}-${window.end}=${value}`)

    test('sessions are found by what they overlap, ordered by end and then by start', async () => {
      const { store, task } = await open()
      store.put(session('a', 1000, 1040), 'long')
      store.put(session('a', 1030, 1040), 'short')
      store.put(session('a', 1100, 1100), 'point')
      store.put(session('b', 1000, 1000), 'other')
      for (const committed of [false, true]) {
        if (committed) await task.commit()
        expect(shown(store.findSessions('a', 1040, 1100))).toEqual([
          'a@1000-1040=long',
          'a@1030-1040=short',
          'a@1100-1100=point',
        ])
        expect(shown(store.findSessions('a', 1041, 1200))).toEqual(['a@1100-1100=point'])
        expect(shown(store.findSessions('a', 0, 1020))).toEqual(['a@1000-1040=long'])
        expect(shown(store.findSessions('a', -10, 1099, { reverse: true }))).toEqual([
          'a@1030-1040=short',
          'a@1000-1040=long',
        ])
        expect(shown(store.fetch('a'))).toHaveLength(3)
        expect(store.fetchSession('a', 1030, 1040)).toBe('short')
        expect(store.fetchSession('a', 1030, 1041)).toBeNull()
        expect(store.fetch('nobody')).toEqual([])
      }
    })

    test.each([
      [-1, 5],
      [6, 5],
      [0.5, 5],
      [0, NaN],
      [0, Infinity],
    ])('a session from %p to %p is refused', async (start, end) => {
      const { store } = await open()
      expect(() => store.put(session('a', start, end), '1')).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining(`from ${start} to ${end}`),
        }),
      )
      expect(store.fetch('a')).toEqual([])
    })

    test.each([null, undefined, 'a', { key: 'a' }])('%p, which is no session, is refused', async (none) => {
      const { store } = await open()
      const given = none as unknown as Windowed<string>
      const refused = expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('a session is new Windowed(key, { start, end }), and this is ') as string,
        location: { store: 's' },
      }) as Error
      expect(() => store.put(given, '1')).toThrow(refused)
      expect(() => store.remove(given)).toThrow(refused)
    })

    test('removing and putting null are the same', async () => {
      const { store, task } = await open()
      for (const start of [1, 2, 3]) store.put(session('a', start, 10), String(start))
      await task.commit()
      store.remove(session('a', 1, 10))
      store.put(session('a', 2, 10), null)
      expect(shown(store.fetch('a'))).toEqual(['a@3-10=3'])
      await task.commit()
      expect(shown(store.fetch('a'))).toEqual(['a@3-10=3'])
    })

    test('scans are by key bounds', async () => {
      const { store } = await open()
      for (const key of ['a', 'b', 'c']) store.put(session(key, 1, 2), key)
      expect(shown(await collect(store.fetchRange('b', null)))).toEqual(['b@1-2=b', 'c@1-2=c'])
      expect(shown(await collect(store.all({ reverse: true })))).toEqual(['c@1-2=c', 'b@1-2=b', 'a@1-2=a'])
    })

    test('several keys are searched by what their sessions overlap, forwards and backwards', async () => {
      const { store } = await open()
      for (const key of ['a', 'b', 'c']) {
        store.put(session(key, 1000, 1010), 'early')
        store.put(session(key, 1020, 1040), 'late')
      }
      const found = async (...args: Parameters<typeof store.findSessionsRange>) =>
        shown(await collect(store.findSessionsRange(...args)))
      expect((await found('a', 'b', 1011, 1020)).sort()).toEqual(['a@1020-1040=late', 'b@1020-1040=late'])
      expect((await found('b', null, 0, 1019)).sort()).toEqual(['b@1000-1010=early', 'c@1000-1010=early'])
      expect(await found(null, 'a', 1041, 2000)).toEqual([])
      const forwards = await found(null, null, 0, 2000)
      expect(forwards).toHaveLength(6)
      expect(await found(null, null, 0, 2000, { reverse: true })).toEqual([...forwards].reverse())
    })

    test('all keys are searched by when their sessions ended, forwards and backwards', async () => {
      const { store } = await open()
      store.put(session('a', 1000, 1010), 'first')
      store.put(session('b', 1000, 1020), 'second')
      store.put(session('c', 1000, 1030), 'third')
      const found = async (...args: Parameters<typeof store.findAllSessions>) =>
        shown(await collect(store.findAllSessions(...args)))
      expect(await found(1010, 1020)).toEqual(['a@1000-1010=first', 'b@1000-1020=second'])
      expect(await found(1011, 1030, { reverse: true })).toEqual(['c@1000-1030=third', 'b@1000-1020=second'])
      expect(await found(1031, 2000)).toEqual([])
    })

    test("the changelog gets Kafka Streams' keys: key, end, start", async () => {
      const { store, task } = await open()
      store.put(session('A', 1000, 2000), '1')
      await task.commit()
      expect(task.changelogs.get(changelogOf('s'))).toEqual([
        { key: Buffer.from('4100000000000007d000000000000003e8', 'hex'), value: Buffer.from('1'), timestamp: 7 },
      ])
    })

    test('another store restored from the changelog holds the same', async () => {
      const { store, task } = await open()
      store.put(session('a', 1, 2), 'gone')
      await task.commit()
      store.remove(session('a', 1, 2))
      store.put(session('a', 1, 5), 'merged')
      await task.commit()
      const other = await open()
      for (const record of task.changelogs.get(changelogOf('s'))!) other.store.restore(record)
      await other.task.commit()
      expect(shown(other.store.fetch('a'))).toEqual(['a@1-5=merged'])
    })

    if (cached) return

    test('sessions that ended before the retention are not shown: a late record does not join them', async () => {
      const { store } = await open(15)
      store.put(session('a', 1000, 1000), 'old')
      store.put(session('b', 1016, 1016), 'newest')
      expect(store.findSessions('a', 991, 1011)).toEqual([])
      expect(store.fetchSession('a', 1000, 1000)).toBeNull()
    })

    test('removing a session that was never put makes others late on disk only', async () => {
      const { store } = await open(15)
      store.put(session('a', 1000, 1000), 'only')
      store.remove(session('b', 1016, 1016))
      expect(shown(store.fetch('a'))).toEqual(persistent ? [] : ['a@1000-1000=only'])
    })
  })
}
