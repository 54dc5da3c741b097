import { Scratch } from '../../../lib/state/scratch'

test.each([0, 1, 1024, 1025, 100_000])('a buffer has the length that is asked for (%d)', (length) => {
  expect(new Scratch().of(length)).toHaveLength(length)
})

test('short buffers share one memory, long ones do not', () => {
  const scratch = new Scratch()
  expect(scratch.of(100)).toBe(scratch.of(100))
  expect(scratch.of(5000)).not.toBe(scratch.of(5000))
})

test.each([
  '',
  'a',
  'grün',
  '漢字'.repeat(20),
  '漢'.repeat(341),
  '漢'.repeat(342),
  'x'.repeat(1024),
  '😀'.repeat(3000),
])('a text becomes its UTF-8 bytes', (text) => {
  const scratch = new Scratch()
  scratch.of(1024).fill(0xff)
  expect(scratch.ofText(text)).toEqual(Buffer.from(text, 'utf8'))
})
