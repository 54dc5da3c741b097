import { MostlySortedQueue } from '../../../../lib/state/join/mostly-sorted-queue'
import { randomly } from '../randomly'

describe('a mostly sorted queue', () => {
  it.each([0, 0.1, 1])('polls in order, whatever the share of late elements (%d)', (share) => {
    const random = randomly(3)
    const queue = new MostlySortedQueue<number>((a, b) => a < b)
    const model: number[] = []
    const polled: (number | undefined)[] = []
    const expected: (number | undefined)[] = []
    for (let i = 0; i < 3000; i++) {
      if (random(5) < 3) {
        const element = random(100) < share * 100 ? i - random(500) : i
        queue.offer(element)
        model.push(element)
      } else {
        model.sort((a, b) => a - b)
        expected.push(model[0], model.shift())
        polled.push(queue.peek(), queue.poll())
      }
    }
    expect(polled).toEqual(expected)
  })

  it('has nothing when it is empty, and takes anything again', () => {
    const queue = new MostlySortedQueue<number>((a, b) => a < b)
    expect([queue.peek(), queue.poll()]).toEqual([undefined, undefined])
    for (const element of [5, 2]) queue.offer(element)
    expect([queue.poll(), queue.poll(), queue.poll()]).toEqual([2, 5, undefined])
    queue.offer(1)
    expect(queue.poll()).toBe(1)
  })
})
