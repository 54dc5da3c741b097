import assert from 'node:assert/strict'
import { copyOfSpan, newByteSpan } from '../../../bytes/byte-span'
import type { ByteScan, ByteStore, StateEngine } from '../../../state/state-engine'
import type { TestFramework } from '../test-framework'
import { b, DatabaseUnderTest, entriesOf } from './database-under-test'

/** Points and scans of one store, among others in the same database. */
export const byteStoreContract = (framework: TestFramework, engine: StateEngine): void => {
  const { test } = framework
  const tested = new DatabaseUnderTest(framework, engine)
  const put = (keys: Iterable<string>, value = 'v'): void => {
    for (const key of keys) tested.store.put(b(key), b(value))
  }
  const get = (key: string): string | undefined => {
    const value = tested.store.get(b(key))
    if (tested.store.find !== undefined) assert.deepEqual(foundOf(tested.store, b(key)), value)
    return value?.toString('latin1')
  }

  test('has nothing at first', async () => {
    assert.equal(tested.store.get(b('a')), null)
    assert.deepEqual(await entriesOf(tested.store), [])
    assert.equal(tested.store.approximateNumEntries(), 0)
  })

  test('reads what was put last, before and after a commit', async () => {
    put('a', '1')
    put('a', '2')
    assert.equal(get('a'), '2')
    await tested.commit()
    assert.equal(get('a'), '2')
    put('a', '3')
    assert.equal(get('a'), '3')
    tested.store.put(b('a'), null)
    assert.equal(tested.store.get(b('a')), null)
    await tested.commit()
    assert.equal(tested.store.get(b('a')), null)
  })

  test('keeps what was put, whatever becomes of the buffers that it was put by', async () => {
    const [key, value] = [b('a'), b('1')]
    const overwrite = (): void => {
      key.fill('x')
      value.fill('x')
    }
    tested.store.put(key, value)
    overwrite()
    assert.equal(get('a'), '1')
    assert.deepEqual(await entriesOf(tested.store), ['a=1'])
    key.fill('b')
    value.fill('2')
    tested.store.put(key, value) // now that a scan has seen the store
    overwrite()
    assert.deepEqual(await entriesOf(tested.store), ['a=1', 'b=2'])
    await tested.commit()
    assert.deepEqual(await entriesOf(tested.store), ['a=1', 'b=2'])
    key.fill('c')
    value.fill('3')
    tested.store.restore(key, value)
    overwrite()
    await tested.commit()
    assert.deepEqual(await entriesOf(tested.store), ['a=1', 'b=2', 'c=3'])
  })

  test('deletes what is not there', async () => {
    tested.store.put(b('a'), null)
    assert.equal(tested.store.get(b('a')), null)
    await tested.commit()
    assert.deepEqual(await entriesOf(tested.store), [])
    assert.equal(tested.store.approximateNumEntries(), 0)
  })

  test('holds empty keys and empty values', async () => {
    put([''], '')
    assert.equal(get(''), '')
    await tested.commit()
    assert.equal(get(''), '')
    assert.deepEqual(await entriesOf(tested.store), ['='])
  })

  test('holds keys and values of any length and any byte', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const long = Buffer.concat(Array<Buffer>(40).fill(every))
    tested.store.put(every, long)
    tested.store.put(long, every)
    await tested.commit()
    assert.deepEqual(tested.store.get(every), long)
    assert.deepEqual(tested.store.get(long), every)
  })

  test('removes what lies below a key, and nothing else', async () => {
    put(['', 'a', 'b', 'c'])
    await tested.commit()
    const bound = b('b')
    tested.store.dropBelow(bound)
    bound.fill('x')
    put('d')
    await tested.commit()
    assert.deepEqual(await entriesOf(tested.store), ['b=v', 'c=v', 'd=v'])
  })

  test('scans in unsigned byte order, both ways', async () => {
    put(['\xff', '', '\x80', '\x7f', 'b', 'a', 'ab', '\x00', '\xff\xff'])
    const keys = ['', '\x00', 'a', 'ab', 'b', '\x7f', '\x80', '\xff', '\xff\xff'].map((key) => `${key}=v`)
    assert.deepEqual(await entriesOf(tested.store), keys)
    await tested.commit()
    assert.deepEqual(await entriesOf(tested.store), keys)
    assert.deepEqual(await entriesOf(tested.store, { reverse: true }), keys.reverse())
  })

  const ranges: [from: string | undefined, to: string | undefined, toInclusive: boolean, found: string][] = [
    ['b', undefined, false, 'bcde'],
    [undefined, 'd', false, 'abc'],
    ['b', 'd', false, 'bc'],
    ['b', 'd', true, 'bcd'],
    ['bb', 'dd', true, 'cd'],
    ['d', 'b', true, ''],
    ['x', undefined, false, ''],
    [undefined, 'A', false, ''],
  ]
  for (const [from, to, toInclusive, found] of ranges) {
    test(`scans from ${from ?? 'the first'} to ${to ?? 'the last'}${toInclusive ? ' inclusive' : ''}`, async () => {
      const scan: ByteScan = { from: from ? b(from) : undefined, to: to ? b(to) : undefined, toInclusive }
      const expected = [...found].map((key) => `${key}=v`)
      const check = async (): Promise<void> => {
        assert.deepEqual(await entriesOf(tested.store, scan), expected)
        assert.deepEqual(await entriesOf(tested.store, { ...scan, reverse: true }), [...expected].reverse())
      }
      put('ace')
      await tested.commit()
      put('bd')
      await check()
      await tested.commit()
      await check()
    })
  }

  test('a scan sees uncommitted writes over committed ones', async () => {
    put('abcdef', 'old')
    await tested.commit()
    tested.store.put(b('a'), null)
    put('c', 'new')
    tested.store.put(b('f'), null)
    put('g', 'new')
    const entries = ['b=old', 'c=new', 'd=old', 'e=old', 'g=new']
    assert.deepEqual(await entriesOf(tested.store), entries)
    assert.deepEqual(await entriesOf(tested.store, { reverse: true }), entries.reverse())
  })

  test('a scan sees what was there when it began', async () => {
    put('abcd', '1')
    await tested.commit()
    put('ef', '1')
    const scan = tested.store.scan({})[Symbol.asyncIterator]()
    const seen: string[] = []
    const take = ([key, value]: [Buffer, Buffer]): void => void seen.push(`${key.toString()}=${value.toString()}`)
    take((await scan.next()).value)
    put(['b', 'bb', 'f'], '2')
    for (const key of 'ec') tested.store.put(b(key), null)
    await tested.commit()
    for (let next = await scan.next(); !next.done; next = await scan.next()) take(next.value)
    assert.deepEqual(seen, ['a=1', 'b=1', 'c=1', 'd=1', 'e=1', 'f=1'])
    assert.deepEqual(await entriesOf(tested.store), ['a=1', 'b=2', 'bb=2', 'd=1', 'f=2'])
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
          tested.store.put(b(key), null)
        } else {
          model.set(key, String(round))
          put([key], String(round))
        }
      }
      if (round % 3 === 0) await tested.commit()
      const [from, to] = [random(400).toString(16), random(400).toString(16)].sort() as [string, string]
      const expected = [...model].filter(([key]) => key >= from && key < to).sort(([x], [y]) => (x < y ? -1 : 1))
      const reverse = round % 2 === 1
      assert.deepEqual(
        await entriesOf(tested.store, { from: b(from), to: b(to), reverse }),
        (reverse ? expected.reverse() : expected).map(([key, value]) => `${key}=${value}`),
      )
    }
    for (const [key, value] of model) assert.equal(get(key), value)
    assert.equal(tested.store.approximateNumEntries(), model.size)
  })

  test('a scan of many entries lets timers and sockets have their turn', async () => {
    put(Array.from({ length: 5000 }, (_, i) => String(i).padStart(5, '0')))
    let turns = 0
    let counting = true
    const count = (): void => {
      turns++
      if (counting) setImmediate(count)
    }
    setImmediate(count)
    assert.equal((await entriesOf(tested.store)).length, 5000)
    counting = false
    assert.ok(turns > 2, `the event loop has turned ${turns} times`)
  })

  test('an aborted scan ends with the reason', async () => {
    put('0123456789')
    await tested.commit()
    const controller = new AbortController()
    const reason = new Error('enough')
    const seen: string[] = []
    await assert.rejects(
      async () => {
        for await (const [key] of tested.store.scan({ signal: controller.signal })) {
          seen.push(key.toString())
          if (seen.length === 3) controller.abort(reason)
        }
      },
      (error) => error === reason,
    )
    assert.deepEqual(seen, ['0', '1', '2'])
    await assert.rejects(entriesOf(tested.store, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
  })

  test('a scan may end early', async () => {
    put('0123456789')
    await tested.commit()
    for await (const [key] of tested.store.scan({ from: b('4') })) {
      assert.deepEqual(key, b('4'))
      break
    }
    assert.equal((await entriesOf(tested.store)).length, 10)
  })

  test('restores in bulk, from buffers that stay the caller’s', async () => {
    const key = b('a')
    const value = b('1')
    tested.store.restore(key, value)
    key.write('b')
    value.write('2')
    tested.store.restore(key, value, 0x0102030405)
    tested.store.restore(b('c'), b('3'))
    tested.store.restore(b('c'), null)
    await tested.commit()
    assert.deepEqual(await entriesOf(tested.store), ['a=1', 'b=\x00\x00\x00\x01\x02\x03\x04\x052'])
    assert.equal(tested.store.approximateNumEntries(), 2)
  })
}

const foundOf = (store: ByteStore, key: Buffer): Buffer | null => {
  const span = newByteSpan()
  return store.find!(key, span) ? copyOfSpan(span) : null
}
