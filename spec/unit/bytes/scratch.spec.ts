import { byteString } from '../../../lib/bytes/byte-string'
import { Scratch } from '../../../lib/bytes/scratch'

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

test.each([0, 5, 32, 33, 2000])('a part of some bytes is copied (%d)', (length) => {
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => i & 0xff))
  const expected = bytes.toString('hex', 300, 300 + length)
  const copy = new Scratch().copyOf(bytes, 300, 300 + length)
  bytes.fill(0)
  expect(copy.toString('hex')).toBe(expected)
})

test.each([0, 1, 3, 4, 5, 32, 33, 1023, 1024, 1025, 2000])('a part of what a view shows is copied (%d)', (length) => {
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => i & 0xff))
  const expected = bytes.toString('hex', 301, 301 + length)
  const copy = new Scratch().copyFrom(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 301, length)
  bytes.fill(0)
  expect(copy.toString('hex')).toBe(expected)
})

test('a buffer is there as words, too, unless it is long', () => {
  const scratch = new Scratch()
  scratch.of(12).writeInt32LE(0x01020304, 8)
  expect(scratch.wordsOf(12)?.[2]).toBe(0x01020304)
  expect(scratch.wordsOf(1025)).toBeUndefined()
})

test.each([0, 5, 32, 33, 2000])('a byte string becomes the bytes that it stands for (%d)', (length) => {
  const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 7) & 0xff))
  expect(new Scratch().ofByteString(byteString(bytes))).toEqual(bytes)
})
