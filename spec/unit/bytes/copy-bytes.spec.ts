import { copyBytes } from '../../../lib/bytes/copy-bytes'

const bytes = Buffer.from(Array.from({ length: 200 }, (_, i) => i))

test.each([0, 1, 31, 32, 33, 100])('copies %i bytes, into a new buffer or a given one', (length) => {
  const copy = copyBytes(bytes, 50, 50 + length)
  expect([...copy]).toEqual([...bytes.subarray(50, 50 + length)])
  const given = Buffer.alloc(length + 1, 255)
  expect(copyBytes(bytes, 50, 50 + length, given)).toBe(given)
  expect([...given]).toEqual([...copy, 255])
})

test('a copy stays as it is', () => {
  const changing = Buffer.from('value')
  const copy = copyBytes(changing, 0, 5)
  changing.fill(0)
  expect(copy.toString()).toBe('value')
})
