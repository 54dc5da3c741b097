import { murmur2, partitionFor } from '../../../lib/bytes/murmur2'

// computed by org.apache.kafka.common.utils.Utils.murmur2
describe('murmur2', () => {
  it.each([
    ['', 275646681],
    ['a', -1563381124],
    ['ab', 316155434],
    ['abc', 479470107],
    ['abcd', -1323649548],
    ['kafka', -798503068],
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['Ünïcödé', 1099742038],
  ])('of %p is %p', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
  })

  it('takes bytes as they are', () => {
    expect(murmur2(Buffer.from('0000000000000001', 'hex'))).toBe(2100486060)
    expect(murmur2(Buffer.from('0000002a', 'hex'))).toBe(1606757304)
  })

  it.each([
    ['a', [1, 4, 4]],
    ['kafka', [1, 0, 4]],
    ['a-little-bit-long-string', [2, 2, 8]],
    ['Ünïcödé', [1, 8, 10]],
  ])('puts %p on the partitions of Kafka', (key, [of3, of10, of12]) => {
    const bytes = Buffer.from(key)
    expect([partitionFor(bytes, 3), partitionFor(bytes, 10), partitionFor(bytes, 12)]).toEqual([of3, of10, of12])
    expect([partitionFor(key, 3), partitionFor(key, 10), partitionFor(key, 12)]).toEqual([of3, of10, of12])
  })

  it('puts a text on the partition of its UTF-8 bytes', () => {
    for (const text of ['', 'x', 'xy', 'xyz', 'wxyz', 'ÿ', 'abÿ', 'abcÿ', 'abcdÿ', '日本', '🦊', 'user-4711']) {
      expect(partitionFor(text, 1000)).toBe(partitionFor(Buffer.from(text), 1000))
    }
  })
})
