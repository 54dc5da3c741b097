import { SuppressionQueue } from '../../../../lib/state/buffer/suppression-queue'
import { byteString } from '../../../../lib/bytes/byte-string'
import { randomFrom } from '../random-numbers'

describe('the queue of a suppression buffer', () => {
  it('gives keys in order when many others were removed wherever they stood, as a restore does', () => {
    const random = randomFrom(3)
    const queue = new SuppressionQueue()
    const expected = new Map<string, string>()
    for (let i = 0; i < 20_000; i++) {
      const name = `k${String(random(100)).padStart(2, '0')}`
      const key = byteString(Buffer.from(name))
      const queued = queue.get(key)
      if (queued !== undefined) queue.remove(queued)
      expected.delete(name)
      if (random(3) === 0) continue
      const time = random(50)
      queue.add(time, key, undefined)
      expected.set(name, `${String(time).padStart(2, '0')} ${name}`)
    }
    expect(queue.size).toBe(expected.size)
    const order: string[] = []
    for (let first = queue.first; first !== undefined; first = queue.first) {
      order.push(`${String(first.time).padStart(2, '0')} ${first.key}`)
      queue.remove(first)
    }
    expect(order).toEqual([...expected.values()].sort())
  })
})
