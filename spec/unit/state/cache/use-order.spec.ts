import { UseOrder } from '../../../../lib/state/cache/use-order'
import { randomly } from '../randomly'

interface Entry {
  slot: number
  readonly name: number
}

const entryOf = (name: number): Entry => ({ slot: -1, name })
const names = (entries: readonly Entry[]): number[] => entries.map(({ name }) => name)

/** Both orders as lists, the oldest first. */
class Lists {
  used: Entry[] = []
  updated: Entry[] = []

  use(entry: Entry): void {
    this.used = [...this.used.filter((each) => each !== entry), entry]
  }

  update(entry: Entry): void {
    this.use(entry)
    this.updated = [...this.updated.filter((each) => each !== entry), entry]
  }

  remove(entry: Entry): void {
    this.used = this.used.filter((each) => each !== entry)
    this.updated = this.updated.filter((each) => each !== entry)
  }
}

test.each([
  ['mostly uses', 1, [20, 2, 1, 1]],
  ['mostly updates', 2, [2, 20, 1, 1]],
  ['many evictions', 3, [5, 5, 8, 1]],
  ['many flushes', 4, [5, 5, 2, 6]],
  ['no flush', 5, [9, 9, 1, 0]],
])('random work has the same orders as lists: %s', (_name, seed, [use, update, evict, flush]) => {
  const random = randomly(seed)
  const order = new UseOrder<Entry>()
  const lists = new Lists()
  const pick = (): Entry => lists.used[random(lists.used.length)]!
  for (let step = 0, made = 0; step < 20_000; step++) {
    if (lists.used.length < 2 || random(40) === 0) {
      const entry = entryOf(made++)
      order.add(entry)
      lists.use(entry)
    }
    const action = random(use! + update! + evict! + flush!)
    if (action < use!) {
      const entry = pick()
      order.use(entry)
      lists.use(entry)
    } else if (action < use! + update!) {
      const entry = pick()
      order.update(entry)
      lists.update(entry)
    } else if (action < use! + update! + evict!) {
      const entry = random(3) === 0 ? pick() : lists.used[0]!
      if (entry === lists.used[0]) expect(order.leastRecentlyUsed()).toBe(entry)
      order.remove(entry)
      lists.remove(entry)
    } else {
      const taken = random(lists.updated.length + 1)
      for (const entry of lists.updated.splice(0, taken)) expect(order.takeUpdated()).toBe(entry)
      if (lists.updated.length === 0) expect(order.takeUpdated()).toBeUndefined()
    }
    if (step % 50 === 0) expect(names(order.updated())).toEqual(names(lists.updated))
  }
  expect(new Set(order.entries())).toEqual(new Set(lists.used))
  for (const entry of lists.used) {
    expect(order.leastRecentlyUsed()).toBe(entry)
    order.remove(entry)
  }
  expect(order.leastRecentlyUsed()).toBeUndefined()
})

test('after clear it is empty, and can be filled again', () => {
  const order = new UseOrder<Entry>()
  const first = entryOf(1)
  order.add(first)
  order.update(first)
  order.clear()
  expect(first.slot).toBe(-1)
  expect(order.leastRecentlyUsed()).toBeUndefined()
  expect(order.updated()).toEqual([])
  const second = entryOf(2)
  order.add(second)
  order.update(second)
  expect(order.leastRecentlyUsed()).toBe(second)
  expect(order.takeUpdated()).toBe(second)
  expect(order.takeUpdated()).toBeUndefined()
})
