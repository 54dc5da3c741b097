import { string } from '../../../../lib/serdes'
import { waitingStoreBuilder } from '../../../../lib/state/join/waiting-stores'
import type { WaitingStore } from '../../../../lib/state/join/waiting-store'
import { at, build, changelogOf, collect, StoreTask } from '../../../contract/stores/store-task'
import { temporaryFolder } from '../temporary-folder'

const KEY = '0000000000000003e84100000001'
const VALUE =
  '00000000000003e80000000000000000000000016c00000000000000010000000168000000024831ffffffffffffffff000000026c310000000000000000'

describe('the store of stream records that wait for a table', () => {
  const folder = temporaryFolder()
  const tasks: StoreTask[] = []
  afterEach(async () => {
    for (const task of tasks.splice(0)) await task.close()
  })

  const open = async () => {
    const store = build(waitingStoreBuilder({ join: 'priced', key: string(), value: string() }))
    const task = await StoreTask.open([store], { folder: folder.path })
    tasks.push(task)
    return { store, task }
  }

  const taken = (store: WaitingStore<string, string>, until: number): unknown[] => {
    const records: unknown[] = []
    store.take(until, ({ key, value, context }) => records.push([key, value, context.timestamp]))
    return records
  }

  it("is named after its join, and logs Kafka Streams' bytes without a time of their own", async () => {
    const { store, task } = await open()
    expect(store.name).toBe('priced-Buffer')
    store.add('A', 'l1', at(1000, { topic: 'l', offset: 0, headers: [['h', Buffer.from('H1')]] }))
    expect(taken(store, 1000)).toEqual([['A', 'l1', 1000]])
    const changes = task.changelogs.get(changelogOf('priced-Buffer'))!
    expect(changes.map(({ key, value }) => [key.toString('hex'), value?.toString('hex') ?? null])).toEqual([
      [KEY, VALUE],
      [KEY, null],
    ])
  })

  it('gives records by time, then by key, then as they came, each once', async () => {
    const { store } = await open()
    for (const [key, value, time] of [
      ['b', '1', 10],
      ['a', '2', 10],
      ['a', '3', 10],
      ['z', '4', 5],
      ['a', '5', 11],
    ] as const) {
      store.add(key, value, at(time))
    }
    expect(store.observedTime).toBe(11)
    expect(taken(store, 4)).toEqual([])
    expect(taken(store, 10)).toEqual([
      ['z', '4', 5],
      ['a', '2', 10],
      ['a', '3', 10],
      ['b', '1', 10],
    ])
    expect(taken(store, 10)).toEqual([])
    expect(taken(store, 11)).toEqual([['a', '5', 11]])
  })

  it("restores Kafka Streams' changelog, keys as they were logged", async () => {
    const { store, task } = await open()
    const record = (key: string, value: string | null) => ({
      key: Buffer.from(key, 'hex'),
      value: value === null ? null : Buffer.from(value, 'hex'),
      timestamp: 5,
    })
    store.restore(record(KEY, VALUE))
    store.restore(record('0000000000000003e94100000002', VALUE))
    store.restore(record('0000000000000003e94100000002', null))
    await task.state.commit(new Map())
    await store.open!()
    expect(store.observedTime).toBe(1000)
    const found: unknown[] = []
    store.take(Infinity, ({ key, value, context }) => found.push({ key, value, ...context }))
    expect(found).toEqual([
      {
        key: 'A',
        value: 'l1',
        topic: 'l',
        partition: 0,
        offset: 0,
        timestamp: 1000,
        headers: [['h', Buffer.from('H1')]],
      },
    ])
  })

  it.each([
    ['is too short', '0000000000000003e8000000'],
    ['is of another format', '0100000000000003e84100000002'],
  ])('does not restore a key that %s', async (_, key) => {
    const { store } = await open()
    expect(() => store.restore({ key: Buffer.from(key, 'hex'), value: null, timestamp: 5 })).toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_FAILED' }),
    )
  })

  it.each(['', VALUE.slice(0, -2), `${VALUE}00`])('has no record of the bytes %p', async (value) => {
    const { store, task } = await open()
    store.restore({ key: Buffer.from(KEY, 'hex'), value: Buffer.from(value, 'hex'), timestamp: 5 })
    await task.state.commit(new Map())
    await store.open!()
    expect(() => store.take(Infinity, () => {})).toThrow(expect.objectContaining({ code: 'DESERIALIZATION_FAILED' }))
  })

  const stored = async (task: StoreTask): Promise<number> =>
    (await collect(task.state.bytes('priced-Buffer').scan({}))).length

  it('writes to its bytes what still waits at a commit, and gives it from there', async () => {
    const { store, task } = await open()
    store.add('a', '1', at(10))
    store.add('a', '3', at(30, { headers: [['h', Buffer.from('H')]] }))
    expect(taken(store, 10)).toEqual([['a', '1', 10]])
    await task.commit()
    expect(await stored(task)).toBe(1)
    store.add('a', '2', at(20))
    const headers: unknown[] = []
    store.take(30, ({ value, context }) => headers.push([value, context.headers]))
    expect(headers).toEqual([
      ['2', []],
      ['3', [['h', Buffer.from('H')]]],
    ])
    await task.commit()
    expect(await stored(task)).toBe(0)
  })

  it('writes out before a commit what is too much for the memory', async () => {
    const { store, task } = await open()
    for (let i = 0; i < 20_000; i++) store.add('a', String(i), at(i))
    expect(await stored(task)).toBeGreaterThan(10_000)
    expect(taken(store, 20_000)).toEqual(Array.from({ length: 20_000 }, (_, i) => ['a', String(i), i]))
    expect(await stored(task)).toBe(0)
  })

  it('gives a record that was failed on no second time, even behind one that has come since', async () => {
    const { store } = await open()
    store.add('b', 'fails', at(10))
    const failing = (): void => {
      throw new Error('not joined')
    }
    expect(() => store.take(10, failing)).toThrow('not joined')
    store.add('a', 'fails, too', at(10))
    expect(() => store.take(10, failing)).toThrow('not joined')
    store.add('c', 'is joined', at(10))
    expect(taken(store, 10)).toEqual([['c', 'is joined', 10]])
    expect(taken(store, 10)).toEqual([])
  })

  it('goes on after a restart, and never gives a number again that is in use', async () => {
    const { store, task } = await open()
    store.add('a', 'before', at(10))
    await task.commit()
    await task.close()
    tasks.splice(0)
    const { store: again } = await open()
    again.add('a', 'after', at(10))
    expect(taken(again, 10)).toEqual([
      ['a', 'before', 10],
      ['a', 'after', 10],
    ])
  })
})
