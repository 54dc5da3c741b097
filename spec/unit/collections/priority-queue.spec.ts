import { PriorityQueue } from '../../../lib/collections/priority-queue'

interface Element {
  name: string
  time: number
}

describe('PriorityQueue', () => {
  const queue = (): PriorityQueue<Element> => new PriorityQueue((a, b) => a.time < b.time)

  it('polls by order', () => {
    const numbers = new PriorityQueue<number>((a, b) => a < b)
    for (const n of [5, 3, 9, 1, 7, 2, 8, 0, 6, 4]) numbers.offer(n)
    expect(Array.from({ length: 10 }, () => numbers.poll())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(numbers.poll()).toBeUndefined()
    expect(numbers.peek()).toBeUndefined()
  })

  it('lets the middle one of three equal elements starve, as java.util.PriorityQueue does', () => {
    const waiting = queue()
    const left = new Map([
      ['a', 3],
      ['b', 3],
      ['c', 3],
    ])
    for (const name of left.keys()) waiting.offer({ name, time: 1 })
    const order: string[] = []
    for (let next = waiting.poll(); next; next = waiting.poll()) {
      order.push(next.name)
      const rest = left.get(next.name)! - 1
      left.set(next.name, rest)
      if (rest > 0) waiting.offer(next)
    }
    expect(order.join(' ')).toBe('a c a c a c b b b')
  })

  it('takes the last element to the root when it is the only one left', () => {
    const waiting = queue()
    waiting.offer({ name: 'late', time: 2 })
    waiting.offer({ name: 'early', time: 1 })
    expect([waiting.poll()?.name, waiting.size, waiting.peek()?.name, waiting.poll()?.name, waiting.size]).toEqual([
      'early',
      1,
      'late',
      'late',
      0,
    ])
  })
})
