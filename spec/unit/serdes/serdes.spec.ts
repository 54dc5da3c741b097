import * as serdes from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'
import { shortcutsOf } from '../../../lib/serdes/shortcuts'
import { NO_HEADERS } from '../../../lib/record/headers'

const hex = <T>(serde: Serde<T>, value: T): string => serde.serialize('t', value, NO_HEADERS)!.toString('hex')
const read = <T>(serde: Serde<T>, text: string): T => serde.deserialize('t', Buffer.from(text, 'hex'), NO_HEADERS)

describe('bytes equal those of Java', () => {
  test.each<[string, Serde<never>, unknown, string]>([
    ['long 1', serdes.long() as Serde<never>, 1, '0000000000000001'],
    ['long -2', serdes.long() as Serde<never>, -2, 'fffffffffffffffe'],
    ['long 2^53-1', serdes.long() as Serde<never>, Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
    ['long -(2^53-1)', serdes.long() as Serde<never>, Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
    ['bigint min', serdes.bigint() as Serde<never>, -(2n ** 63n), '8000000000000000'],
    ['int 42', serdes.int() as Serde<never>, 42, '0000002a'],
    ['int -1', serdes.int() as Serde<never>, -1, 'ffffffff'],
    ['short 258', serdes.short() as Serde<never>, 258, '0102'],
    ['double 1.5', serdes.double() as Serde<never>, 1.5, '3ff8000000000000'],
    ['double NaN', serdes.double() as Serde<never>, NaN, '7ff8000000000000'],
    ['double -0', serdes.double() as Serde<never>, -0, '8000000000000000'],
    ['float 1.5', serdes.float() as Serde<never>, 1.5, '3fc00000'],
    ['string', serdes.string() as Serde<never>, 'hé', '68c3a9'],
    ['empty string', serdes.string() as Serde<never>, '', ''],
    ['emoji', serdes.string() as Serde<never>, '😀', 'f09f9880'],
    ['boolean', serdes.boolean() as Serde<never>, true, '01'],
    ['bytes', serdes.bytes() as Serde<never>, Buffer.from('ab', 'hex'), 'ab'],
    ['json', serdes.json() as Serde<never>, { a: [1, null] }, Buffer.from('{"a":[1,null]}').toString('hex')],
    [
      'uuid',
      serdes.uuid() as Serde<never>,
      '123e4567-e89b-12d3-a456-426614174000',
      Buffer.from('123e4567-e89b-12d3-a456-426614174000').toString('hex'),
    ],
  ])('%s', (_name, serde, value, expected) => {
    expect(hex(serde, value as never)).toBe(expected)
    expect(read(serde, expected)).toEqual(value)
  })

  test('a lone surrogate becomes ?, so that keys keep their partition', () => {
    expect(hex(serdes.string(), 'a\ud800b')).toBe('613f62')
    expect(hex(serdes.string(), '\udc00')).toBe('3f')
  })

  test('an upper-case uuid is written in lower case', () => {
    const upper = '123E4567-E89B-12D3-A456-426614174000'
    expect(hex(serdes.uuid(), upper)).toBe(Buffer.from(upper.toLowerCase()).toString('hex'))
  })
})

describe('what a serde refuses', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['long beyond 2^53', () => hex(serdes.long(), 2 ** 53), /serdes\.bigint/],
    ['long fraction', () => hex(serdes.long(), 1.5), /integer/],
    ['long read beyond 2^53', () => read(serdes.long(), '0020000000000000'), /9007199254740992.*serdes\.bigint/],
    ['long of 4 bytes', () => read(serdes.long(), '00000001'), /8 bytes, got 4/],
    ['bigint beyond 64 bits', () => hex(serdes.bigint(), 2n ** 63n), /out of range/],
    ['int out of range', () => hex(serdes.int(), 2 ** 31), /2147483647/],
    ['short out of range', () => hex(serdes.short(), 40000), /32767/],
    ['double of text', () => hex(serdes.double(), 'x' as unknown as number), /number, got string/],
    ['string of an object', () => hex(serdes.string(), {} as string), /string is needed, got object/],
    ['boolean 02', () => read(serdes.boolean(), '02'), /00 or 01/],
    ['uuid of text', () => hex(serdes.uuid(), 'nope'), /not a UUID: "nope"/],
    ['json of undefined', () => hex(serdes.json<undefined>(), undefined), /no form for a undefined/],
    ['json of bad text', () => read(serdes.json(), '7b'), /JSON/],
    ['void with bytes', () => read(serdes.void(), '00'), /only null/],
    ['bytes of a string', () => hex(serdes.bytes(), 'x' as unknown as Buffer), /Buffer/],
  ])('%s', (_name, act, message) => {
    expect(act).toThrow(message)
  })
})

test('sizeOf is the serialized length', () => {
  for (const text of ['', 'a', 'hé', '😀']) expect(serdes.string().sizeOf!(text)).toBe(Buffer.from(text).length)
  expect(serdes.long().sizeOf!(5)).toBe(8)
  expect(serdes.uuid().sizeOf!('00000000-0000-0000-0000-000000000000')).toBe(36)
})

test('sizeOf is undefined for what would not come back as it is', () => {
  expect(serdes.string().sizeOf!('\ud800')).toBeUndefined()
  expect(serdes.uuid().sizeOf!('ABCDEF00-0000-0000-0000-000000000000')).toBeUndefined()
  expect(serdes.long().sizeOf!(1.5)).toBeUndefined()
  expect(serdes.int().sizeOf!(2 ** 31)).toBeUndefined()
  expect(serdes.bigint().sizeOf!(2n ** 63n)).toBeUndefined()
  expect(serdes.float().sizeOf!(0.1)).toBeUndefined()
  expect(serdes.double().sizeOf!(0.1)).toBe(8)
})

test.each([0, -0, 1, -2, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
  'a long of %p is also written into memory that is used again, and read in the middle of a buffer',
  (value) => {
    const { newWriter, readRange } = shortcutsOf(serdes.long())
    const write = newWriter!()
    write('t', -1)
    const bytes = write('t', value)
    expect(bytes.toString('hex')).toBe(hex(serdes.long(), value))
    expect(readRange!(Buffer.concat([Buffer.of(1, 2), bytes, Buffer.of(3)]), 2, 10, 't')).toBe(value + 0)
    expect(() => readRange!(bytes, 0, 7, 't')).toThrow(/8 bytes, got 7/)
    expect(() => write('t', 1.5)).toThrow(/integer/)
    expect(() => write('t', '1')).toThrow(/a number, got string/)
  },
)
