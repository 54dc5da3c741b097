import { string } from '../../../lib/serdes'
import type { ManagedStore, WindowStore } from '../../../lib/state/store'
import { type Windowed } from '../../../lib/record/windowed'
import { windowStore, type WindowStoreOptions } from '../../../lib/state/window/window-stores'
import { at, build, changelogOf, collect, StoreTask } from './store-task'

export interface Variant {
  readonly persistent: boolean
  readonly cached: boolean
}

type Store = WindowStore<string, string> & ManagedStore

/** What every window store does, on disk and in memory, cached or not. */
export const windowStoreContract = ({ persistent, cached }: Variant): void => {
  describe(`window store, ${persistent ? 'on disk' : 'in memory'}, ${cached ? '' : 'un'}cached`, () => {
    const tasks: StoreTask[] = []
    afterEach(async () => {
      for (const task of tasks.splice(0)) await task.close()
    })

    const open = async (options: Partial<WindowStoreOptions<string, string>> = {}, folder?: string) => {
      const store: Store = build(
        windowStore('w', {
          key: string(),
          value: string(),
          retention: 120_000,
          windowSize: 10,
          persistent,
          caching: cached,
          ...options,
        }),
      )
      const task = await StoreTask.open([store], { cacheBytes: 1 << 20, folder })
      task.recordContext = at(7)
      tasks.push(task)
      return { store, task }
    }

    const shown = (entries: Array<[Windowed<string>, string]>): string[] =>
      entries.map(([{ key, window }, value]) => `${key}@${window.start}-${window.end}=${value}`)

    test('a window that was never put reads as null, and a range of them as empty', async () => {
      const { store } = await open()
      expect(store.fetch('a', 1000)).toBeNull()
      expect(store.fetch('a', 0, 5000)).toEqual([])
      expect(await collect(store.all())).toEqual([])
    })

    test('windows of a key are found by start and by range, those of other keys are not among them', async () => {
      const { store, task } = await open()
      for (const start of [1000, 1010, 1025, 90_000]) store.put('a', `a${start}`, start)
      store.put('ab', 'other', 1010)
      store.put('a', 'again', 1010)
      for (const committed of [false, true]) {
        if (committed) await task.commit()
        expect(store.fetch('a', 1010)).toBe('again')
        expect(store.fetch('a', 1011)).toBeNull()
        expect(store.fetch('a', 1000, 1025)).toEqual([
          [1000, 'a1000'],
          [1010, 'again'],
          [1025, 'a1025'],
        ])
        expect(store.fetch('a', 1001, 90_000, { reverse: true })).toEqual([
          [90_000, 'a90000'],
          [1025, 'a1025'],
          [1010, 'again'],
        ])
        expect(store.fetch('a', -Infinity, Infinity)).toHaveLength(4)
        expect(store.fetch('a', 2000, 1000)).toEqual([])
      }
    })

    test('null deletes one window', async () => {
      const { store, task } = await open()
      store.put('a', '1', 1000)
      store.put('a', '2', 1010)
      await task.commit()
      store.put('a', null, 1000)
      expect(store.fetch('a', 0, 5000)).toEqual([[1010, '2']])
      await task.commit()
      expect(store.fetch('a', 1000)).toBeNull()
      expect(shown(await collect(store.all()))).toEqual(['a@1010-1020=2'])
    })

    test('scans give keys with their windows, within bounds of keys and times', async () => {
      const { store } = await open()
      for (const key of ['c', 'a', 'b']) for (const start of [1010, 1000]) store.put(key, `${key}${start}`, start)
      const sorted = async (scan: AsyncIterable<[Windowed<string>, string]>) => shown(await collect(scan)).sort()
      expect(await sorted(store.fetchAll(1005, 2000))).toEqual([
        'a@1010-1020=a1010',
        'b@1010-1020=b1010',
        'c@1010-1020=c1010',
      ])
      expect(await sorted(store.fetchRange('b', null, 0, 1009))).toEqual(['b@1000-1010=b1000', 'c@1000-1010=c1000'])
      expect(await sorted(store.fetchRange('a', 'b', 1000, 1000))).toEqual(['a@1000-1010=a1000', 'b@1000-1010=b1000'])
      const forward = shown(await collect(store.all()))
      expect(forward).toHaveLength(6)
      expect(shown(await collect(store.all({ reverse: true })))).toEqual(forward.reverse())
      expect(forward.reverse()).toEqual(
        persistent
          ? [
              'a@1000-1010=a1000',
              'a@1010-1020=a1010',
              'b@1000-1010=b1000',
              'b@1010-1020=b1010',
              'c@1000-1010=c1000',
              'c@1010-1020=c1010',
            ]
          : [
              'a@1000-1010=a1000',
              'b@1000-1010=b1000',
              'c@1000-1010=c1000',
              'a@1010-1020=a1010',
              'b@1010-1020=b1010',
              'c@1010-1020=c1010',
            ],
      )
    })

    test('a window that starts nowhere is refused', async () => {
      const { store } = await open()
      for (const start of [-1, 1.5, NaN, Infinity]) {
        expect(() => store.put('a', '1', start)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
      }
    })

    test("the changelog gets Kafka Streams' keys: key, start, sequence 0", async () => {
      const { store, task } = await open()
      store.put('A', '1', 1000)
      await task.commit()
      task.recordContext = at(8)
      store.put('A', null, 1000)
      await task.commit()
      expect(task.changelogs.get(changelogOf('w'))).toEqual([
        { key: Buffer.from('4100000000000003e800000000', 'hex'), value: Buffer.from('1'), timestamp: 7 },
        { key: Buffer.from('4100000000000003e800000000', 'hex'), value: null, timestamp: 8 },
      ])
    })

    test('another store restored from the changelog holds the same, and knows how late it is', async () => {
      const { store, task } = await open()
      store.put('a', 'gone', 1000)
      for (const start of [150_000, 160_000, 200_000]) store.put('a', String(start), start)
      await task.commit()
      const other = await open()
      for (const record of task.changelogs.get(changelogOf('w'))!) other.store.restore(record)
      await other.task.commit()
      expect(other.store.fetch('a', 0, Infinity)).toEqual([
        [150_000, '150000'],
        [160_000, '160000'],
        [200_000, '200000'],
      ])
      expect(other.store.fetch('a', 1000)).toBeNull()
    })

    test('closed says so', async () => {
      const { store, task } = await open()
      await task.close()
      tasks.length = 0
      expect(() => store.fetch('a', 1)).toThrow(expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' }))
    })

    if (cached) return

    test('what is older than the retention is not shown, even where it is still there', async () => {
      const { store, task } = await open()
      store.put('a', 'newest', 200_000)
      for (const start of [59_999, 60_000, 80_000, 80_001]) store.put('a', String(start), start)
      // on disk whole segments go, and only writes to those are refused
      expect(task.dropped).toHaveLength(persistent ? 1 : 3)
      expect(store.fetch('a', 0, Infinity)).toEqual([
        [80_001, '80001'],
        [200_000, 'newest'],
      ])
      expect(store.fetch('a', 80_000)).toBeNull()
      expect(await collect(store.all())).toHaveLength(2)
    })

    test('what has expired is removed', async () => {
      const { store, task } = await open()
      for (let start = 0; start < 1000; start += 10) store.put('a', 'x'.repeat(100), start)
      await task.commit()
      store.put('b', 'newest', 1_000_000)
      await task.commit()
      const left = await collect(task.state.bytes('w').scan({ to: Buffer.of(0xff) }))
      // in memory nothing is moved there at all
      expect(left).toHaveLength(persistent ? 1 : 0)
    })

    test('duplicates are kept in their order, and numbered in the changelog, where nulls count too', async () => {
      const { store, task } = await open({ retainDuplicates: true })
      store.put('A', '1', 1000)
      store.put('A', null, 1000)
      store.put('A', '2', 1000)
      store.put('A', '0', 990)
      await task.commit()
      expect(store.fetch('A', 900, 1100)).toEqual([
        [990, '0'],
        [1000, '1'],
        [1000, '2'],
      ])
      expect(store.fetch('A', 900, 1100, { reverse: true }).map(([, value]) => value)).toEqual(['2', '1', '0'])
      expect(task.changelogs.get(changelogOf('w'))!.map(({ key }) => key.toString('hex').slice(-8))).toEqual([
        '00000001',
        '00000002',
        '00000003',
        '00000004',
      ])
    })

    test('of duplicates, a read of one window finds the one put last into a store on disk, and nothing else', async () => {
      const { store, task } = await open({ retainDuplicates: true })
      store.put('A', '1', 1000)
      store.put('A', '2', 1000)
      const last = persistent ? '2' : null
      expect(store.fetch('A', 1000)).toBe(last)
      store.put('A', null, 1000)
      await task.commit()
      expect(store.fetch('A', 1000)).toBe(last)
      store.put('A', '3', 1010)
      expect(store.fetch('A', 1000)).toBeNull()
      expect(store.fetch('A', 1010)).toBe(persistent ? '3' : null)
    })
  })
}
