import * as serdes from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'
import { NO_HEADERS } from '../../../lib/record/headers'

const hex = <T>(serde: Serde<T>, value: T): string => serde.serialize('t', value, NO_HEADERS)!.toString('hex')
const read = <T>(serde: Serde<T>, text: string): T =>
  serde.deserialize('t', Buffer.from(text.replaceAll(' ', ''), 'hex'), NO_HEADERS)

const uuid = '123e4567-e89b-12d3-a456-426614174000'
const uuidHex = Buffer.from(uuid).toString('hex')

describe('list', () => {
  // the first three of Kafka Streams 4.2; the others by its layout
  it.each<[string, Serde<never>, unknown[], string]>([
    ['int', serdes.int() as Serde<never>, [1, null, 3], '00 00000001 00000001 00000003 00000001 00000003'],
    ['string', serdes.string() as Serde<never>, ['ab', null, ''], '01 00000003 00000002 6162 ffffffff 00000000'],
    ['string', serdes.string() as Serde<never>, [], '01 00000000'],
    ['short', serdes.short() as Serde<never>, [258], '00 00000000 00000001 0102'],
    ['float', serdes.float() as Serde<never>, [1.5], '00 00000000 00000001 3fc00000'],
    ['long', serdes.long() as Serde<never>, [1, -2], '00 00000000 00000002 0000000000000001 fffffffffffffffe'],
    ['bigint', serdes.bigint() as Serde<never>, [1n], '00 00000000 00000001 0000000000000001'],
    ['double', serdes.double() as Serde<never>, [null, null], '00 00000002 00000000 00000001 00000002'],
    ['uuid', serdes.uuid() as Serde<never>, [uuid], `00 00000000 00000001 ${uuidHex}`],
    ['bytes', serdes.bytes() as Serde<never>, [Buffer.of(7)], '01 00000001 00000001 07'],
    ['boolean', serdes.boolean() as Serde<never>, [true], '01 00000001 00000001 01'],
  ])('of %s: %j', (_name, inner, values, bytes) => {
    const serde = serdes.list<unknown>(inner)
    expect(hex(serde, values)).toBe(bytes.replaceAll(' ', ''))
    expect(read(serde, bytes)).toEqual(values)
  })

  it('of lists', () => {
    const serde = serdes.list(serdes.list(serdes.string()))
    expect(read(serde, hex(serde, [['a'], [], ['b', 'c']]))).toEqual([['a'], [], ['b', 'c']])
  })

  it.each([
    ['', /ends within the strategy/],
    ['02', /begins with 00 or 01, got 02/],
    ['01 00000001', /ends within the length of an entry/],
    ['01 00000001 00000002 61', /ends within an entry/],
    ['01 00000001 fffffffe', /ends within an entry/],
    ['01 ffffffff', /the size of the list is -1/],
    ['01 7fffffff', /ends within the length of an entry/],
    ['01 00000000 00', /1 bytes follow the 0 entries/],
    ['00 00000000 00000001 61', /constant size, which the inner serde does not have/],
  ])('refuses %p', (bytes, message) => {
    expect(() => read(serdes.list(serdes.string()), bytes)).toThrow(message)
  })

  it('refuses what is no list, and entries that the inner serde refuses', () => {
    expect(() => hex(serdes.list(serdes.int()), 'x' as unknown as number[])).toThrow(/array is needed, got string/)
    expect(() => hex(serdes.list(serdes.int()), ['x' as unknown as number])).toThrow(/int needs a number/)
  })
})
