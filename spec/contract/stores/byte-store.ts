import type { ByteScan, ByteStore } from '../../../lib/state/store'

export interface ByteStoreUnderTest {
  readonly store: ByteStore
  /** What was put or restored so far becomes part of what is committed, where there is such a thing. */
  commit(): Promise<void>
  close(): Promise<void>
}

const b = (text: string): Buffer => Buffer.from(text, 'latin1')

const entriesOf = async (store: ByteStore, scan: ByteScan = {}): Promise<string[]> => {
  const entries: string[] = []
  for await (const [key, value] of store.scan(scan))
    entries.push(`${key.toString('latin1')}=${value.toString('latin1')}`)
  return entries
}

/** What every `ByteStore` does, wherever its bytes are. */
export const byteStoreContract = (name: string, open: () => Promise<ByteStoreUnderTest>): void => {
  describe(`${name}: a byte store`, () => {
    let tested: ByteStoreUnderTest
    let store: ByteStore
    beforeEach(async () => {
      tested = await open()
      store = tested.store
    })
    afterEach(() => tested.close())

    test('has nothing at first', async () => {
      expect(store.get(b('a'))).toBeNull()
      expect(await entriesOf(store)).toEqual([])
      expect(store.approximateNumEntries()).toBe(0)
    })

    test('drops what lies below a key, and nothing else', async () => {
      for (const key of ['', 'a', 'b', 'c']) store.put(b(key), b('1'))
      await tested.commit()
      store.dropBelow(b('b'))
      store.put(b('d'), b('1'))
      await tested.commit()
      expect(await entriesOf(store)).toEqual(['b=1', 'c=1', 'd=1'])
    })

    test('deletes what is not there', async () => {
      store.put(b('a'), null)
      expect(store.get(b('a'))).toBeNull()
      await tested.commit()
      expect(await entriesOf(store)).toEqual([])
      expect(store.approximateNumEntries()).toBe(0)
    })

    test('reads what was put last, before and after a commit', async () => {
      store.put(b('a'), b('1'))
      store.put(b('a'), b('2'))
      expect(store.get(b('a'))).toEqual(b('2'))
      await tested.commit()
      expect(store.get(b('a'))).toEqual(b('2'))
      store.put(b('a'), b('3'))
      expect(store.get(b('a'))).toEqual(b('3'))
      store.put(b('a'), null)
      expect(store.get(b('a'))).toBeNull()
      await tested.commit()
      expect(store.get(b('a'))).toBeNull()
    })

    test('keeps empty keys and empty values', async () => {
      store.put(b(''), b(''))
      expect(store.get(b(''))).toEqual(b(''))
      await tested.commit()
      expect(store.get(b(''))).toEqual(b(''))
      expect(await entriesOf(store)).toEqual(['='])
    })

    test('keeps keys and values of any length and any byte', async () => {
      const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
      const long = Buffer.concat(Array<Buffer>(40).fill(every))
      store.put(every, long)
      store.put(long, every)
      await tested.commit()
      expect(store.get(every)).toEqual(long)
      expect(store.get(long)).toEqual(every)
    })

    test('scans in unsigned byte order, both ways', async () => {
      for (const key of ['\xff', '', '\x80', '\x7f', 'b', 'a', 'ab', '\x00', '\xff\xff']) store.put(b(key), b('v'))
      const keys = ['', '\x00', 'a', 'ab', 'b', '\x7f', '\x80', '\xff', '\xff\xff'].map((key) => `${key}=v`)
      expect(await entriesOf(store)).toEqual(keys)
      await tested.commit()
      expect(await entriesOf(store)).toEqual(keys)
      expect(await entriesOf(store, { reverse: true })).toEqual(keys.reverse())
    })

    test.each([
      [{ from: 'b' }, 'bcde'],
      [{ to: 'd' }, 'abc'],
      [{ from: 'b', to: 'd' }, 'bc'],
      [{ from: 'b', to: 'd', toInclusive: true }, 'bcd'],
      [{ from: 'bb', to: 'dd', toInclusive: true }, 'cd'],
      [{ from: 'd', to: 'b', toInclusive: true }, ''],
      [{ from: 'x' }, ''],
      [{ to: 'A' }, ''],
    ])(
      'scans %j, committed or not',
      async ({ from, to, toInclusive }: { from?: string; to?: string; toInclusive?: boolean }, keys) => {
        const scan: ByteScan = { from: from ? b(from) : undefined, to: to ? b(to) : undefined, toInclusive }
        const expected = [...keys].map((key) => `${key}=${key}`)
        const check = async () => {
          expect(await entriesOf(store, scan)).toEqual(expected)
          expect(await entriesOf(store, { ...scan, reverse: true })).toEqual([...expected].reverse())
        }
        for (const key of 'ace') store.put(b(key), b(key))
        await tested.commit()
        for (const key of 'bd') store.put(b(key), b(key))
        await check()
        await tested.commit()
        await check()
      },
    )

    test('a scan sees uncommitted writes over committed ones', async () => {
      for (const key of 'abcdef') store.put(b(key), b('old'))
      await tested.commit()
      store.put(b('a'), null)
      store.put(b('c'), b('new'))
      store.put(b('f'), null)
      store.put(b('g'), b('new'))
      const entries = ['b=old', 'c=new', 'd=old', 'e=old', 'g=new']
      expect(await entriesOf(store)).toEqual(entries)
      expect(await entriesOf(store, { reverse: true })).toEqual(entries.reverse())
    })

    test('a scan keeps to what was there when it began', async () => {
      for (const key of 'abcd') store.put(b(key), b('1'))
      await tested.commit()
      for (const key of 'ef') store.put(b(key), b('1'))
      const scan = store.scan({})[Symbol.asyncIterator]()
      const seen = [(await scan.next()).value]
      store.put(b('b'), b('2'))
      store.put(b('bb'), b('2'))
      store.put(b('e'), null)
      store.put(b('f'), b('2'))
      store.put(b('c'), null)
      await tested.commit()
      for (let next = await scan.next(); !next.done; next = await scan.next()) seen.push(next.value)
      expect(seen.map(([key, value]) => `${key}=${value}`)).toEqual(['a=1', 'b=1', 'c=1', 'd=1', 'e=1', 'f=1'])
      expect(await entriesOf(store)).toEqual(['a=1', 'b=2', 'bb=2', 'd=1', 'f=2'])
    })

    test('random writes and scans agree with a sorted map', async () => {
      let seed = 7
      const random = (below: number): number => (seed = (seed * 48271) % 0x7fffffff) % below
      const model = new Map<string, string>()
      for (let round = 0; round < 60; round++) {
        for (let i = 0; i < 50; i++) {
          const key = random(400).toString(16)
          if (random(4) === 0) {
            model.delete(key)
            store.put(b(key), null)
          } else {
            model.set(key, String(round))
            store.put(b(key), b(String(round)))
          }
        }
        if (round % 3 === 0) await tested.commit()
        const [from, to] = [random(400).toString(16), random(400).toString(16)].sort() as [string, string]
        const expected = [...model].filter(([key]) => key >= from && key < to).sort(([x], [y]) => (x < y ? -1 : 1))
        const reverse = round % 2 === 1
        const found = await entriesOf(store, { from: b(from), to: b(to), reverse })
        expect(found).toEqual((reverse ? expected.reverse() : expected).map(([key, value]) => `${key}=${value}`))
      }
      for (const [key, value] of model) expect(store.get(b(key))).toEqual(b(value))
      expect(store.approximateNumEntries()).toBe(model.size)
    })

    test('a scan of many entries leaves the event loop to others', async () => {
      for (let i = 0; i < 5000; i++) store.put(b(String(i).padStart(5, '0')), b('v'))
      let turns = 0
      let counting = true
      const count = (): void => {
        turns++
        if (counting) setImmediate(count)
      }
      setImmediate(count)
      expect(await entriesOf(store)).toHaveLength(5000)
      counting = false
      expect(turns).toBeGreaterThan(2)
    })

    test('an aborted scan ends with the reason', async () => {
      for (let i = 0; i < 10; i++) store.put(b(`${i}`), b('v'))
      await tested.commit()
      const controller = new AbortController()
      const reason = new Error('enough')
      const seen: string[] = []
      await expect(async () => {
        for await (const [key] of store.scan({ signal: controller.signal })) {
          seen.push(key.toString())
          if (seen.length === 3) controller.abort(reason)
        }
      }).rejects.toBe(reason)
      expect(seen).toEqual(['0', '1', '2'])
      await expect(entriesOf(store, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    })

    test('a scan may be left early', async () => {
      for (let i = 0; i < 10; i++) store.put(b(`${i}`), b('v'))
      await tested.commit()
      for await (const [key] of store.scan({ from: b('4') })) {
        expect(key).toEqual(b('4'))
        break
      }
      expect(await entriesOf(store)).toHaveLength(10)
    })

    test('restores in bulk, from buffers that stay the caller’s', async () => {
      const key = b('a')
      const value = b('1')
      store.restore(key, value)
      key.write('b')
      value.write('2')
      store.restore(key, value, 0x0102030405)
      store.restore(b('c'), b('3'))
      store.restore(b('c'), null)
      await tested.commit()
      expect(await entriesOf(store)).toEqual(['a=1', 'b=\x00\x00\x00\x01\x02\x03\x04\x052'])
      expect(store.approximateNumEntries()).toBe(2)
    })
  })
}
