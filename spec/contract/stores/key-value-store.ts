import type { StreamsError } from '../../../lib/errors'
import { json, long, string } from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'
import type { KeyValueStore, StoreBuilder } from '../../../lib/state/store'
import { at, build, collect, StoreTask } from './store-task'
import { keyValueStore, timestampedKeyValueStore, type KeyValueStoreOptions } from '../../../lib/state/stores'

export interface Variant {
  readonly persistent: boolean
  readonly cached: boolean
  readonly logged: boolean
  readonly timestamped: boolean
}

interface Shown<V> {
  readonly value: V
  readonly timestamp: number
}

/** What every key-value store does, whatever its layers. Timestamped ones are driven with equal timestamps throughout. */
export const keyValueStoreContract = (variant: Variant): void => {
  const { persistent, cached, logged, timestamped } = variant

  describe(`${timestamped ? 'timestamped ' : ''}key-value store, ${persistent ? 'on disk' : 'in memory'}, ${cached ? '' : 'un'}cached, ${logged ? '' : 'un'}logged`, () => {
    const tasks: StoreTask[] = []
    afterEach(async () => {
      for (const task of tasks.splice(0)) await task.close()
    })

    /** The store as one of plain values: the timestamp of all is 7. */
    const open = async <K, V>(key: Serde<K>, value: Serde<V>, cacheBytes = 1 << 20) => {
      const options: KeyValueStoreOptions<K, V> = { key, value, persistent, caching: cached, logging: logged }
      const builder = timestamped ? timestampedKeyValueStore('s', options) : keyValueStore('s', options)
      const store = build(builder as unknown as StoreBuilder<KeyValueStore<K, unknown>>)
      const task = await StoreTask.open([store], { cacheBytes })
      task.recordContext = at(7)
      tasks.push(task)
      const show = (plain: V | null): unknown =>
        timestamped && plain !== null ? { value: plain, timestamp: 7 } : plain
      const plain = (shown: unknown): V | null =>
        timestamped && shown !== null ? (shown as Shown<V>).value : (shown as V | null)
      const plainScan = async (scan: AsyncIterable<[K, unknown]>) =>
        (await collect(scan)).map(([k, v]) => [k, plain(v)] as const)
      return { task, store, show, plain, plainScan }
    }

    const strings = () => open(string(), string())

    test('an absent key reads as null', async () => {
      const { store } = await strings()
      expect(store.get('a')).toBeNull()
      expect(store.delete('a')).toBeNull()
      expect(store.approximateNumEntries()).toBe(0)
    })

    test.each([null, undefined])('a key of %s is refused by every access', async (nothing) => {
      const { store, show } = await strings()
      const key = nothing as unknown as string
      const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', location: { store: 's' } }) as StreamsError
      expect(() => store.get(key)).toThrow(refused)
      expect(() => store.put(key, show('1'))).toThrow(refused)
      expect(() => store.delete(key)).toThrow(refused)
      expect(() => store.putIfAbsent(key, show('1'))).toThrow(refused)
    })

    test('a prefix that is missing, or its serde, is refused', async () => {
      const { store } = await strings()
      const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', location: { store: 's' } }) as StreamsError
      for (const prefix of [null, undefined])
        expect(() => store.prefixScan(prefix, string() as Serde<unknown>)).toThrow(refused)
      for (const serde of [null, undefined, {}])
        expect(() => store.prefixScan('a', serde as Serde<string>)).toThrow(refused)
    })

    test('a value that its serde refuses fails where it is put, and names the store', async () => {
      const { store, show, task } = await open(string(), long())
      for (const bad of [1.5, 'text' as unknown as number]) {
        expect(() => store.put('a', show(bad))).toThrow(
          expect.objectContaining({
            code: 'SERIALIZATION_FAILED',
            message: expect.stringContaining("store 's' can't write this value"),
          }),
        )
      }
      expect(store.get('a')).toBeNull()
      await task.commit()
      expect(task.changes('s')).toEqual([])
    })

    test('puts, overwrites and deletes', async () => {
      const { store, show, plain, task } = await strings()
      store.put('a', show('1'))
      store.put('b', show('2'))
      expect(plain(store.get('a'))).toBe('1')
      store.put('a', show('3'))
      expect(plain(store.get('a'))).toBe('3')
      await task.commit()
      expect(plain(store.get('a'))).toBe('3')
      expect(plain(store.delete('a'))).toBe('3')
      expect(store.get('a')).toBeNull()
      store.put('b', null)
      expect(store.get('b')).toBeNull()
      await task.commit()
      expect(store.get('a')).toBeNull()
      expect(await collect(store.all())).toEqual([])
    })

    test('putIfAbsent puts only where nothing is, and returns what was there', async () => {
      const { store, show, plain } = await strings()
      expect(store.putIfAbsent('a', show('1'))).toBeNull()
      expect(plain(store.putIfAbsent('a', show('2')))).toBe('1')
      expect(plain(store.get('a'))).toBe('1')
      store.delete('a')
      expect(store.putIfAbsent('a', show('3'))).toBeNull()
      expect(plain(store.get('a'))).toBe('3')
    })

    test('putAll puts all, and deletes where the value is null', async () => {
      const { store, show, plainScan } = await strings()
      store.put('c', show('0'))
      store.putAll([
        ['a', show('1')],
        ['b', show('2')],
        ['c', null],
      ])
      expect(await plainScan(store.all())).toEqual([
        ['a', '1'],
        ['b', '2'],
      ])
    })

    test('a serde that writes null deletes', async () => {
      const serde: Serde<string> = {
        ...string(),
        sizeOf: undefined,
        serialize: (topic, value, headers) => (value === 'gone' ? null : string().serialize(topic, value, headers)),
      }
      const { store, show, task } = await open(string(), serde)
      store.put('a', show('1'))
      await task.commit()
      store.put('a', show('gone'))
      expect(store.get('a')).toBeNull()
      await task.commit()
      expect(store.get('a')).toBeNull()
      if (logged) expect(task.changes('s')).toEqual(['a=1@7', 'a=null@7'])
    })

    test('scans ranges with both bounds inclusive, open ends, and backwards', async () => {
      const { store, show, plainScan, task } = await strings()
      for (const key of ['a', 'c', 'e']) store.put(key, show(key))
      await task.commit()
      for (const key of ['b', 'd']) store.put(key, show(key))
      const keys = async (scan: AsyncIterable<[string, unknown]>) =>
        (await plainScan(scan)).map(([key]) => key).join('')
      expect(await keys(store.all())).toBe('abcde')
      expect(await keys(store.all({ reverse: true }))).toBe('edcba')
      expect(await keys(store.range('b', 'd'))).toBe('bcd')
      expect(await keys(store.range('b', 'd', { reverse: true }))).toBe('dcb')
      expect(await keys(store.range(null, 'b'))).toBe('ab')
      expect(await keys(store.range('d', null))).toBe('de')
      expect(await keys(store.range('d', 'b'))).toBe('')
      store.delete('c')
      expect(await keys(store.range('b', 'd'))).toBe('bd')
    })

    test('scans the keys that start with a prefix', async () => {
      const { store, show, plainScan } = await strings()
      for (const key of ['a', 'ab', 'abc', 'ac', 'b', 'ÿ', 'ÿÿ']) store.put(key, show(key))
      const keys = async (prefix: string) => (await plainScan(store.prefixScan(prefix, string()))).map(([key]) => key)
      expect(await keys('ab')).toEqual(['ab', 'abc'])
      expect(await keys('ÿ')).toEqual(['ÿ', 'ÿÿ'])
      expect(await keys('x')).toEqual([])
      expect(await keys('')).toHaveLength(7)
      const reversed = await plainScan(store.prefixScan('a', string(), { reverse: true }))
      expect(reversed.map(([key]) => key)).toEqual(['ac', 'abc', 'ab', 'a'])
    })

    test('scans order numbers by their bytes: negative ones last', async () => {
      const { store, show, plainScan } = await open(long(), long())
      for (const key of [5, -1, 0, 2 ** 40, -(2 ** 40)]) store.put(key, show(key))
      expect((await plainScan(store.all())).map(([key]) => key)).toEqual([0, 5, 2 ** 40, -(2 ** 40), -1])
    })

    test('an aborted scan ends with the reason', async () => {
      const { store, show } = await strings()
      store.put('a', show('1'))
      const reason = new Error('enough')
      await expect(collect(store.all({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
    })

    test('changing an object after it was put or read does not change the store', async () => {
      const { store, show, plain, task } = await open(string(), json<{ n: number[] }>())
      const put = { n: [1] }
      store.put('a', show(put))
      put.n.push(2)
      expect(plain(store.get('a'))).toEqual({ n: [1] })
      plain(store.get('a'))!.n.push(3)
      expect(plain(store.get('a'))).toEqual({ n: [1] })
      await task.commit()
      plain(store.get('a'))!.n.push(4)
      expect(plain(store.get('a'))).toEqual({ n: [1] })
    })

    test('logs values bare, under their timestamp', async () => {
      const { store, show, task } = await strings()
      store.put('a', show('1'))
      await task.commit()
      store.delete('a')
      await task.commit()
      expect(task.changes('s')).toEqual(logged ? ['a=1@7', 'a=null@7'] : [])
    })

    test('is restored from what it logged', async () => {
      if (!logged) return
      const { store, show, task } = await strings()
      for (let i = 0; i < 20; i++) store.put(`k${i % 7}`, show(`v${i}`))
      await task.commit()
      store.delete('k3')
      await task.commit()
      const before = await collect(store.all())
      const again = await strings()
      for (const change of task.changelogs.get('app-s-changelog')!) again.store.restore(change)
      await again.task.state.commit(new Map([['app-s-changelog-0', 20]]))
      expect(await collect(again.store.all())).toEqual(before)
    })

    test('random operations agree with a map, also when the cache has room for few', async () => {
      for (const cacheBytes of [1 << 20, 600, 0]) {
        const { store, show, plain, plainScan, task } = await open(string(), long(), cacheBytes)
        const model = new Map<string, number>()
        let seed = 11
        const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below
        for (let step = 0; step < 1500; step++) {
          const key = `k${random(60)}`
          const operation = random(6)
          if (operation < 3) {
            store.put(key, show(step))
            model.set(key, step)
          } else if (operation === 3) {
            expect(plain(store.delete(key))).toBe(model.get(key) ?? null)
            model.delete(key)
          } else {
            expect(plain(store.get(key))).toBe(model.get(key) ?? null)
          }
          if (random(100) === 0) await task.commit()
        }
        const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
        expect(await plainScan(store.all())).toEqual(expected)
        await task.commit()
        expect(await plainScan(store.all({ reverse: true }))).toEqual(expected.reverse())
        expect(store.approximateNumEntries()).toBe(model.size)
        if (cached) expect(task.cache!.usedBytes).toBeLessThanOrEqual(cacheBytes)
      }
    })

    test('says so when it is used before init or after close', async () => {
      const options: KeyValueStoreOptions<string, string> = {
        key: string(),
        value: string(),
        persistent,
        caching: cached,
        logging: logged,
      }
      const unopened = build(keyValueStore('s', options))
      const { store, task } = await strings()
      tasks.splice(tasks.indexOf(task), 1)
      await task.close()
      const uses: [KeyValueStore<string, never>, string][] = [
        [unopened as never, "store 's' is not open yet"],
        [store as never, "store 's' is closed"],
      ]
      for (const [used, message] of uses) {
        const unavailable = expect.objectContaining({
          code: 'STORE_NOT_AVAILABLE',
          message: expect.stringContaining(message),
        })
        expect(() => used.get('a')).toThrow(unavailable)
        expect(() => used.put('a', null)).toThrow(unavailable)
        expect(() => used.putIfAbsent('a', null as never)).toThrow(unavailable)
        expect(() => used.putAll([['a', null]])).toThrow(unavailable)
        expect(() => used.delete('a')).toThrow(unavailable)
        expect(() => used.all()).toThrow(unavailable)
        expect(() => used.range('a', 'b')).toThrow(unavailable)
        expect(() => used.prefixScan('a', string())).toThrow(unavailable)
        expect(() => used.approximateNumEntries()).toThrow(unavailable)
      }
    })
  })
}
