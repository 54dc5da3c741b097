import { crc32, crc32InScript, crc32OfWords } from '../../../lib/bytes/crc32'

test.each([
  ['', 0],
  ['123456789', 0xcbf43926],
  ['The quick brown fox jumps over the lazy dog', 0x414fa339],
])('the CRC-32 of %j', (text, expected) => {
  expect(crc32(Buffer.from(text))).toBe(expected)
})

test('short and long bytes, in one part or in two, native or in script', () => {
  const bytes = Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 31) & 0xff))
  for (const end of [1, 7, 8, 9, 399, 400, 401, 2000]) {
    const expected = crc32InScript(bytes, end, 0)
    expect(crc32(bytes, end)).toBe(expected)
    const half = end >> 1
    expect(crc32(bytes.subarray(half), end - half, crc32(bytes, half))).toBe(expected)
  }
})

test('bytes that are also there as words have the same CRC', () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 31) & 0xff))
  const aligned = Buffer.allocUnsafeSlow(1000)
  bytes.copy(aligned)
  const words = new Int32Array(aligned.buffer)
  for (let end = 0; end <= 1000; end++) {
    expect(crc32OfWords(words, aligned, end, end)).toBe(crc32InScript(bytes, end, end))
  }
})
