import { afterPrefix, byteString, bytesOf } from '../../../lib/bytes/byte-string'
import { prefixTimestamp, readTimestamp } from '../../../lib/bytes/timestamped-bytes'

test('every byte survives, and order is that of unsigned bytes', () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  expect(bytesOf(byteString(every))).toEqual(every)
  expect(byteString(Buffer.from([0x7f])) < byteString(Buffer.from([0x80]))).toBe(true)
})

test.each([
  ['', undefined],
  ['a', 'b'],
  ['a\xff', 'b'],
  ['a\xfe\xff\xff', 'a\xff'],
  ['\xff\xff', undefined],
])('what follows all that starts with %j is %j', (prefix, after) => {
  expect(afterPrefix(prefix)).toBe(after)
})

test.each([0, 1, -1, 1_700_000_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
  'timestamp %d',
  (timestamp) => {
    const bytes = prefixTimestamp(timestamp, Buffer.from('v'))
    expect(bytes.readBigInt64BE()).toBe(BigInt(timestamp))
    expect(readTimestamp(bytes)).toBe(timestamp)
    expect(bytes.subarray(8).toString()).toBe('v')
  },
)
