import { string } from '../../../../lib/serdes'
import { outerJoinStoreBuilder } from '../../../../lib/state/join/outer-join-stores'
import type { OuterJoinStore } from '../../../../lib/state/join/outer-join-store'
import { at, build, changelogOf, collect, StoreTask } from '../../../contract/stores/store-task'
import { temporaryFolder } from '../temporary-folder'

const hex = (bytes: Buffer | null): string | null => bytes?.toString('hex') ?? null

describe.each([true, false])('the store of records without a partner, persistent: %s', (persistent) => {
  const folder = temporaryFolder()
  const tasks: StoreTask[] = []
  afterEach(async () => {
    for (const task of tasks.splice(0)) await task.close()
  })

  const open = async () => {
    const store = build(
      outerJoinStoreBuilder({
        name: 's',
        key: string(),
        left: string(),
        right: string(),
        bucketMs: 5,
        persistent,
        logging: true,
      }),
    )
    const task = await StoreTask.open([store], { folder: folder.path })
    task.recordContext = at(7)
    tasks.push(task)
    return { store, task }
  }

  const waiting = (store: OuterJoinStore<string, string, string>): unknown[] =>
    [...store.waiting()].map((records) => [records.timestamp, records.isLeft, records.key(), records.values()])

  it("logs Kafka Streams' bytes: the whole list with each record, null when it goes", async () => {
    const { store, task } = await open()
    store.add('A', 1000, true, 'l1')
    store.add('A', 1000, true, 'l1b')
    store.remove('A', 1000, true)
    store.remove('A', 1000, false)
    const key = '00000000000003e80141'
    expect(
      task.changelogs.get(changelogOf('s'))!.map((change) => [hex(change.key), hex(change.value), change.timestamp]),
    ).toEqual([
      [key, '010000000100000003016c31', 7],
      [key, '010000000200000003016c3100000004016c3162', 7],
      [key, null, 7],
    ])
  })

  it('gives what waits by time, right before left, by key, as it was when it was asked', async () => {
    const { store } = await open()
    store.add('b', 10, true, 'lb')
    store.add('a', 10, true, 'la')
    store.add('z', 10, false, 'rz')
    store.add('a', 9, true, 'early')
    store.add('a', 10, true, 'la2')
    const seen: unknown[] = []
    for (const records of store.waiting()) {
      seen.push([records.timestamp, records.isLeft, records.key(), records.values()])
      store.remove(records.key(), records.timestamp, records.isLeft)
    }
    expect(seen).toEqual([
      [9, true, 'a', ['early']],
      [10, false, 'z', ['rz']],
      [10, true, 'a', ['la', 'la2']],
      [10, true, 'b', ['lb']],
    ])
    expect(waiting(store)).toEqual([])
    expect(await collect(store.all())).toEqual([])
  })

  it("restores Kafka Streams' changelog", async () => {
    const { store, task } = await open()
    const record = (key: string, value: string | null) => ({
      key: Buffer.from(key, 'hex'),
      value: value === null ? null : Buffer.from(value, 'hex'),
      timestamp: 5,
    })
    store.restore(record('00000000000003e80141', '010000000200000003016c3100000004016c3162'))
    store.restore(record('00000000000003e90041', '010000000100000003007231'))
    store.restore(record('00000000000003ea0041', '010000000100000003007232'))
    store.restore(record('00000000000003ea0041', null))
    await task.state.commit(new Map())
    await store.open!()
    expect(waiting(store)).toEqual([
      [1000, true, 'A', ['l1', 'l1b']],
      [1001, false, 'A', ['r1']],
    ])
  })

  it.each([
    ['a key without a side', '00000000000003e8', null],
    ['a key of a third side', '00000000000003e80241', null],
    ['an empty value', '00000000000003e80141', ''],
    ['a value of another format', '00000000000003e80141', '7b226e223a317d'],
    ['a list that ends within a length', '00000000000003e80141', '0100000001000000'],
    ['a list that ends within a value', '00000000000003e80141', '01000000010000000401'],
    ['a list with a value without a side', '00000000000003e80141', '010000000100000000'],
    ['a list with a value that ends where it begins', '00000000000003e80141', '0100000001fffffffc01'],
    ['a list with a value of a negative length', '00000000000003e80141', '0100000001ffffff0001'],
  ])('does not restore %s', async (_, key, value) => {
    const { store } = await open()
    const bytes = value === null ? null : Buffer.from(value, 'hex')
    expect(() => store.restore({ key: Buffer.from(key, 'hex'), value: bytes, timestamp: 5 })).toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_FAILED', location: { store: 's', topic: changelogOf('s') } }),
    )
  })

  it('refuses to be used once it is closed', async () => {
    const { store } = await open()
    store.close()
    expect(() => store.add('a', 1, true, 'x')).toThrow(expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' }))
  })
})

describe('the store of records without a partner', () => {
  const folder = temporaryFolder()

  it('finds what waits again after a restart', async () => {
    const settings = {
      name: 's',
      key: string(),
      left: string(),
      right: string(),
      bucketMs: 5,
      persistent: true,
      logging: true,
    }
    const first = build(outerJoinStoreBuilder(settings))
    const task = await StoreTask.open([first], { folder: folder.path })
    first.add('a', 3, true, 'x')
    await task.commit()
    await task.close()
    const second = build(outerJoinStoreBuilder(settings))
    const again = await StoreTask.open([second], { folder: folder.path })
    const waiting = [...second.waiting()].map((records) => [records.timestamp, records.key(), records.values()])
    expect(waiting).toEqual([[3, 'a', ['x']]])
    await again.close()
  })
})
