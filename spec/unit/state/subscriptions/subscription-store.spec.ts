import { string } from '../../../../lib/serdes'
import type { ManagedStore } from '../../../../lib/state/store'
import {
  type LoggedSubscriptionStore,
  subscriptionStore,
  type SubscriptionStore,
} from '../../../../lib/state/subscriptions/subscription-store'
import { at, build, changelogOf, collect, StoreTask } from '../../../contract/stores/store-task'

const serde = { ...string(), completed: () => string() } as unknown as Parameters<typeof subscriptionStore>[2]
const tasks: StoreTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.close()
})

const open = async (persistent: boolean, folder?: string) => {
  const store = build(subscriptionStore('s', persistent, serde)) as SubscriptionStore & ManagedStore
  const task = await StoreTask.open([store], { folder })
  tasks.push(task)
  return { store, task }
}
const put = (store: SubscriptionStore, fk: string, pk: string, value: string | null, timestamp = 1): void =>
  store.put(Buffer.from(fk), Buffer.from(pk), value === null ? null : Buffer.from(value), timestamp)
const of = (store: SubscriptionStore, fk: string): string[] =>
  [...store.subscriptions(Buffer.from(fk))].map((value) => value.toString())

describe.each([true, false])('a subscription store, persistent: %s', (persistent) => {
  test('keeps foreign keys apart, also those that begin alike', async () => {
    const { store } = await open(persistent)
    put(store, 'f', 'p', '1')
    put(store, 'f\0\0\0\0', 'p', '2')
    put(store, 'fo', '', '3')
    put(store, '', 'fp', '4')
    expect([of(store, 'f'), of(store, 'f\0\0\0\0'), of(store, 'fo'), of(store, ''), of(store, 'x')]).toEqual([
      ['1'],
      ['2'],
      ['3'],
      ['4'],
      [],
    ])
  })

  test('logs one record a subscription, with its own time, and deletes with that of the record in work', async () => {
    const { store, task } = await open(persistent)
    task.recordContext = at(9)
    put(store, 'F', 'P', 'x', 5)
    put(store, 'F', 'P', null, 6)
    put(store, 'F', 'none', null, 6)
    const key = Buffer.from('000000014650', 'hex')
    expect(task.changelogs.get(changelogOf('s'))).toEqual([
      { key, value: Buffer.from('x'), timestamp: 5 },
      { key, value: null, timestamp: 9 },
      { key: Buffer.from('00000001466e6f6e65', 'hex'), value: null, timestamp: 9 },
    ])
  })

  test('whatever is put and deleted, in whatever order, it is what a map would be, in the order of keys', async () => {
    const { store, task } = await open(persistent)
    const model = new Map<string, Map<string, string>>()
    let seed = 7
    const next = (below: number): number => ((seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) >>> 8) % below
    for (let step = 0; step < 6000; step++) {
      const [fk, pk] = [`f${next(3)}`, `p${next(step < 4000 ? 1500 : 80)}`]
      const rows = model.get(fk) ?? new Map<string, string>()
      model.set(fk, rows)
      // grows, and then shrinks
      const value = next(10) < (step < 4000 ? 2 : 9) ? null : `v${step}`
      put(store, fk, pk, value, step)
      if (value === null) rows.delete(pk)
      else rows.set(pk, value)
      if (step % 1000 === 999) await task.commit()
    }
    for (const [fk, rows] of model) {
      const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
      expect(of(store, fk)).toEqual(sorted.map(([, value]) => value))
    }
    const all = await collect((store as unknown as LoggedSubscriptionStore).all())
    expect(all).toHaveLength([...model.values()].reduce((sum, rows) => sum + rows.size, 0))

    const restored = await open(persistent)
    for (const { key, value, timestamp } of task.changelogs.get(changelogOf('s'))!) {
      restored.store.restore({ key, value, timestamp })
    }
    for (const fk of model.keys()) expect(of(restored.store, fk)).toEqual(of(store, fk))
  })

  test('a key that is none of its changelog is refused', async () => {
    const { store } = await open(persistent)
    expect(() => store.restore({ key: Buffer.from('000000ff41', 'hex'), value: null, timestamp: 0 })).toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_FAILED' }),
    )
  })
})

test('entries stay small, however many rows name one key', async () => {
  const { store, task } = await open(false)
  for (let i = 0; i < 5000; i++) put(store, 'f', `key-${i}`, 'value')
  const sizes: number[] = []
  for await (const [, value] of task.state.bytes('s').scan({})) sizes.push(value.length)
  expect(Math.max(...sizes)).toBeLessThan(4096)
})

test('is closed with its task', async () => {
  const { store } = await open(false)
  store.close()
  expect(() => put(store, 'f', 'p', 'v')).toThrow(expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' }))
})
