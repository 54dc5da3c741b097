import { readTimestamp, writeTimestamp } from '../../../lib/bytes/timestamped-bytes'

const written = (timestamp: number): Buffer => {
  const bytes = Buffer.alloc(10, 0xee)
  writeTimestamp(bytes, timestamp, 1)
  return bytes
}

describe('writeTimestamp', () => {
  test.each([
    0,
    1,
    -1,
    255,
    256,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    1_760_000_000_123,
    -1_760_000_000_123,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ])('writes %p as a big-endian 64-bit integer, and nothing beside it', (timestamp) => {
    const expected = Buffer.alloc(10, 0xee)
    expected.writeBigInt64BE(BigInt(timestamp), 1)
    expect(written(timestamp)).toEqual(expected)
    expect(readTimestamp(expected, 1)).toBe(timestamp)
  })

  test('refuses what 64 bits have no room for', () => {
    expect(() => written(2 ** 63)).toThrow('does not fit in 64 bits')
    expect(() => written(-(2 ** 63) - 2048)).toThrow('does not fit in 64 bits')
    expect(() => written(Infinity)).toThrow('does not fit in 64 bits')
  })
})

describe('readTimestamp', () => {
  test.each([
    [7, 0],
    [10, 3],
    [10, -1],
  ])('refuses %p bytes read from %p on', (length, offset) => {
    expect(() => readTimestamp(Buffer.alloc(length), offset)).toThrow(RangeError)
  })
})
