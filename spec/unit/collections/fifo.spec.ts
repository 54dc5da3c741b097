import { Fifo } from '../../../lib/collections/fifo'

test('a Fifo gives items in the order in which they came, however many come and go', () => {
  const fifo = new Fifo<number>()
  let next = 0
  let expected = 0
  for (let round = 1; round < 200; round++) {
    for (let i = 0; i < round % 17; i++) fifo.push(next++)
    for (let i = 0; i < round % 13 && fifo.size > 0; i++) {
      expect(fifo.first).toBe(expected)
      expect(fifo.shift()).toBe(expected++)
    }
    expect(fifo.size).toBe(next - expected)
  }
  while (fifo.size > 0) expect(fifo.shift()).toBe(expected++)
  expect([expected, fifo.first, fifo.shift()]).toEqual([next, undefined, undefined])
})
