import { NO_SLOT, UseOrder } from '../../../../lib/state/cache/use-order'
import { randomly } from '../randomly'

/** Both orders as lists, the oldest first. */
class Lists {
  used: number[] = []
  updated: number[] = []

  use(slot: number): void {
    this.used = [...this.used.filter((each) => each !== slot), slot]
  }

  update(slot: number): void {
    this.use(slot)
    this.updated = [...this.updated.filter((each) => each !== slot), slot]
  }

  remove(slot: number): void {
    this.used = this.used.filter((each) => each !== slot)
    this.updated = this.updated.filter((each) => each !== slot)
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
  const order = new UseOrder()
  const lists = new Lists()
  const pick = (): number => lists.used[random(lists.used.length)]!
  const removed: number[] = []
  for (let step = 0, made = 0; step < 20_000; step++) {
    if (lists.used.length < 2 || random(40) === 0) {
      const slot = removed.pop() ?? made++
      order.add(slot)
      lists.use(slot)
      expect([order.has(slot), order.hasUpdate(slot)]).toEqual([true, false])
    }
    const action = random(use! + update! + evict! + flush!)
    if (action < use!) {
      const slot = pick()
      order.use(slot)
      lists.use(slot)
    } else if (action < use! + update!) {
      const slot = pick()
      order.update(slot)
      lists.update(slot)
      expect(order.hasUpdate(slot)).toBe(true)
    } else if (action < use! + update! + evict!) {
      const slot = random(3) === 0 ? pick() : lists.used[0]!
      if (slot === lists.used[0]) expect(order.leastRecentlyUsed()).toBe(slot)
      order.remove(slot)
      lists.remove(slot)
      removed.push(slot)
      expect([order.has(slot), order.hasUpdate(slot)]).toEqual([false, false])
    } else {
      const taken = random(lists.updated.length + 1)
      for (const slot of lists.updated.splice(0, taken)) expect(order.takeUpdated()).toBe(slot)
      if (lists.updated.length === 0) expect(order.takeUpdated()).toBe(NO_SLOT)
    }
    if (step % 50 === 0) expect(order.updated()).toEqual(lists.updated)
  }
  expect(new Set(order.slots())).toEqual(new Set(lists.used))
  for (const slot of lists.used) {
    expect(order.leastRecentlyUsed()).toBe(slot)
    order.remove(slot)
  }
  expect(order.leastRecentlyUsed()).toBe(NO_SLOT)
})

test('after clear it is empty, and can be filled again', () => {
  const order = new UseOrder()
  order.add(0)
  order.update(0)
  order.clear()
  expect(order.has(0)).toBe(false)
  expect(order.leastRecentlyUsed()).toBe(NO_SLOT)
  expect(order.updated()).toEqual([])
  order.add(1)
  order.update(1)
  expect(order.leastRecentlyUsed()).toBe(1)
  expect(order.takeUpdated()).toBe(1)
  expect(order.takeUpdated()).toBe(NO_SLOT)
})
