import { LengthPrefixedReader } from '../../../lib/state/length-prefixed'

describe('a record context in a stored record', () => {
  // timestamp, offset, the topic "t", partition 0
  const HEAD = '000000000000000a' + '0000000000000003' + '0000000174' + '00000000'
  const read = (hex: string) => new LengthPrefixedReader(Buffer.from(hex, 'hex')).context()

  it('has its headers', () => {
    expect(read(`${HEAD}00000001${'0000000168'}ffffffff`)).toEqual({
      topic: 't',
      partition: 0,
      offset: 3,
      timestamp: 10,
      headers: [['h', null]],
    })
  })

  it.each([
    ['a negative number of headers', 'ffffffff'],
    ['more headers than there are bytes for', '7fffffff0000000168ffffffff'],
    ['a header without a name', '00000001ffffffffffffffff'],
    ['a header with a name of a negative length', '00000001fffffffeffffffff'],
    ['a header with a value longer than the record', '000000010000000168000000ff00'],
  ])('is not read with %s', (_, headers) => {
    expect(() => read(HEAD + headers)).toThrow(/length|headers|header|range/)
  })
})
