import { PiecewiseWriter, WireReader, WireWriter } from '../../../../../lib/kafka/kafkajs/protocol/wire'

const roundTrip = (write: (w: WireWriter) => void): WireReader => {
  const writer = new WireWriter(1)
  write(writer)
  return new WireReader(Buffer.from(writer.buffer))
}

describe('wire format', () => {
  it.each([0, 1, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53 - 1), 1_700_000_000_000])(
    'int64 %d',
    (value) => {
      const reader = roundTrip((w) => w.int64(value).int64(BigInt(value)))
      expect([reader.int64(), reader.int64()]).toEqual([value, value])
      reader.position = 0
      expect(reader.bigint64()).toBe(BigInt(value))
    },
  )

  it.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 31 - 1])('uvarint %d', (value) => {
    expect(roundTrip((w) => w.uvarint(value)).uvarint()).toBe(value)
  })

  it('int8, int16, int32 and booleans', () => {
    const reader = roundTrip((w) => w.int8(-5).int16(-30_000).int32(-2_000_000_000).boolean(true).boolean(false))
    expect([reader.int8(), reader.int16(), reader.int32(), reader.boolean(), reader.boolean()]).toEqual([
      -5,
      -30_000,
      -2_000_000_000,
      true,
      false,
    ])
  })

  it('strings and bytes, null and empty, in both notations', () => {
    const bytes = Buffer.from([1, 2, 3])
    const reader = roundTrip((w) => {
      w.string('größe').string('').string(null).compactString('größe').compactString('').compactString(null)
      w.bytes(bytes).bytes(null).compactBytes(bytes).compactBytes(null)
    })
    expect([reader.string(), reader.string(), reader.nullableString()]).toEqual(['größe', '', null])
    expect([reader.compactString(), reader.compactString(), reader.nullableCompactString()]).toEqual([
      'größe',
      '',
      null,
    ])
    expect([reader.nullableBytes(), reader.nullableBytes()]).toEqual([bytes, null])
    expect([reader.nullableCompactBytes(), reader.nullableCompactBytes()]).toEqual([bytes, null])
  })

  it('arrays, null ones as empty', () => {
    const reader = roundTrip((w) => {
      w.array([1, 2], (x) => w.int8(x)).array(null, () => {})
      w.compactArray([3, 4], (x) => w.int8(x)).compactArray(null, () => {})
    })
    const read = (): number => reader.int8()
    expect([reader.array(read), reader.array(read)]).toEqual([[1, 2], []])
    expect([reader.compactArray(read), reader.compactArray(read)]).toEqual([[3, 4], []])
  })

  it('skips tagged fields by their sizes', () => {
    const reader = new WireReader(Buffer.from([2, 0, 3, 9, 9, 9, 5, 1, 9, 42]))
    reader.tags()
    expect(reader.int8()).toBe(42)
  })

  it('does not read beyond the end', () => {
    expect(() => new WireReader(Buffer.from([0, 9, 65])).string()).toThrow('9 bytes wanted at 2 of 3')
    expect(() => new WireReader(Buffer.from([0x80])).uvarint()).toThrow('out of range')
  })
})

describe('a piecewise writer', () => {
  it('writes the same bytes, and does not copy large ones', () => {
    const [large, other, small] = [Buffer.alloc(5_000, 1), Buffer.alloc(1_024, 2), Buffer.alloc(1_023, 3)]
    const write = (writer: WireWriter): WireWriter =>
      writer.bytes(large).string('text').bytes(null).bytes(small).bytes(other).bytes(large).int32(9)
    const writer = new PiecewiseWriter(1)
    write(writer)
    const pieces = writer.finish()
    expect(Buffer.concat(pieces)).toEqual(write(new WireWriter()).buffer)
    expect(pieces.filter((piece) => piece === large)).toHaveLength(2)
    expect(pieces).toContain(other)
    expect(pieces).not.toContain(small)
  })
})
