import * as serdes from '../../../../lib/serdes'
import type { AvroSchema } from '../../../../lib/serdes/avro/schema'
import { prepared } from '../../../../lib/serdes/missing-dependency'
import { SchemaRegistry } from '../../../../lib/serdes/registry/schema-registry'
import type { Serde } from '../../../../lib/serdes/serde'
import { shortcutsOf } from '../../../../lib/serdes/shortcuts'
import { FakeSchemaRegistry } from '../../../support/fake-schema-registry'
import { NO_HEADERS } from '../../../../lib/record/headers'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const of = (schema: AvroSchema): Serde<unknown> => serdes.avroBytes(schema) as Serde<unknown>
const read = (schema: AvroSchema, bytes: Buffer): unknown => of(schema).deserialize('t', bytes, NO_HEADERS)

const record = (name: string, ...fields: Array<[string, AvroSchema]>): AvroSchema => ({
  type: 'record',
  name,
  fields: fields.map(([field, type]) => ({ name: field, type })),
})

/** 2^48 items, or bytes. */
const MANY = '80808080808080 01'
/** The same as the count of a block that says how long it is. */
const MANY_IN_BLOCK = 'ffffffffffffff 01 00'

const ITEMS: readonly AvroSchema[] = [
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'string',
  'bytes',
  record('Empty'),
  record('Point', ['x', 'double'], ['y', 'double']),
  { type: 'enum', name: 'E', symbols: ['X', 'Y'] },
  { type: 'fixed', name: 'F', size: 2 },
  { type: 'fixed', name: 'Nothing', size: 0 },
  ['null', 'int'],
  { type: 'array', items: 'int' },
  { type: 'map', values: 'int' },
  { type: 'string', 'avro.java.string': 'String' },
  { type: 'long', logicalType: 'timestamp-millis' },
]

describe('Avro with a damaged count or length is an error', () => {
  it.each(ITEMS)('of an array of %j', (items) => {
    for (const count of [MANY, MANY_IN_BLOCK]) {
      for (const rest of ['', '00 00 00 00', '02 02 02 02']) {
        expect(() => read({ type: 'array', items }, hex(count + rest))).toThrow(/not Avro of the schema/)
      }
    }
  })

  it.each(ITEMS)('of a map of %j', (values) => {
    for (const count of [MANY, MANY_IN_BLOCK]) {
      for (const rest of ['', '00 00 00 00', '02 61 02 62']) {
        expect(() => read({ type: 'map', values }, hex(count + rest))).toThrow(/not Avro of the schema/)
      }
    }
  })

  it.each(['string', 'bytes'])('of %s', (type) => {
    const within = record('R', ['a', type], ['b', 'int'])
    for (const length of [MANY, '01', 'ffffffffffffff01', '80'.repeat(200) + '00']) {
      expect(() => read(within, hex(`${length} 61 62 02`))).toThrow(/not Avro of the schema/)
    }
  })

  it.each<[AvroSchema, string]>([
    [{ type: 'array', items: 'int' }, `${MANY} 02`],
    [{ type: 'array', items: 'null' }, MANY],
    [{ type: 'map', values: 'null' }, MANY],
    // blocks whose lengths are those of blocks to skip: before their beginning, and beyond the end
    [{ type: 'array', items: 'int' }, '01 03'],
    [{ type: 'array', items: 'int' }, '01 7e'],
    [{ type: 'map', values: 'int' }, '01 03'],
    ['string', MANY],
    ['bytes', '01'],
  ])('of %j where the reader skips it', async (type, damaged) => {
    const http = await FakeSchemaRegistry.start()
    try {
      http.add('t-value', record('R', ['skipped', type], ['kept', 'int']))
      const registry = new SchemaRegistry({ url: http.url })
      const serde = serdes.avro({ registry, readerSchema: record('R', ['kept', 'int']) }) as Serde<unknown>
      const bytes = hex(`00 00000001 ${damaged} 02`)
      await expect(prepared(() => serde.deserialize('t', bytes, NO_HEADERS))).rejects.toThrow(/not Avro|end within/)
    } finally {
      await http.stop()
    }
  })

  it('of arrays that each announce all of the rest', () => {
    const node: AvroSchema = record('Node', ['children', { type: 'array', items: 'Node' }])
    expect(() => read(node, hex('808004'.repeat(2000)))).toThrow(/not Avro of the schema/)
  })

  it('of arrays of nulls, each of which may have what it announces', () => {
    const lists: AvroSchema = { type: 'array', items: { type: 'array', items: 'null' } }
    // 10,000 lists of 50,000
    expect(() => read(lists, hex(`a09c01 ${'a08d06 00'.repeat(10_000)} 00`))).toThrow(
      /more than 100000 items that take no bytes/,
    )
  })

  it('of a recursion without end', () => {
    const chain: AvroSchema = record('Chain', ['next', ['null', 'Chain']])
    expect(() => read(chain, Buffer.alloc(1_000_000, 2))).toThrow(/not Avro of the schema/)
    expect(() => read(record('Loop', ['next', ['Loop', 'null']]), hex('00'))).toThrow(/not Avro of the schema/)
  })
})

describe('Avro after damaged bytes', () => {
  it('has the bytes of whole records', () => {
    const within = record('R', ['a', 'bytes'], ['b', { type: 'fixed', name: 'F', size: 2 }])
    const whole = { a: hex('0102'), b: hex('abcd') }
    expect(() => read(within, hex('80'.repeat(200) + '00'))).toThrow()
    const serde = of(within)
    expect(serde.deserialize('t', serde.serialize('t', whole, NO_HEADERS)!, NO_HEADERS)).toEqual(whole)
  })
})

describe('Avro of arrays and maps', () => {
  const roundTrip = (schema: AvroSchema, value: unknown): unknown => {
    const serde = of(schema)
    const bytes = serde.serialize('t', value, NO_HEADERS)!
    const amongOthers = Buffer.concat([hex('0102'), bytes, hex('0304')])
    const { readRange } = shortcutsOf(serde)
    expect(readRange!(amongOthers, 2, 2 + bytes.length, 't')).toEqual(serde.deserialize('t', bytes, NO_HEADERS))
    return serde.deserialize('t', bytes, NO_HEADERS)
  }

  it.each([0, 1, 1023, 1024, 1025, 10_000])('has %d items', (count) => {
    const numbers = Array.from({ length: count }, (_, i) => i)
    expect(roundTrip({ type: 'array', items: 'int' }, numbers)).toEqual(numbers)
    const byName = Object.fromEntries(numbers.map((i) => [`k${i}`, i]))
    expect(roundTrip({ type: 'map', values: 'int' }, byName)).toEqual(byName)
    const nothing = numbers.map(() => null)
    expect(roundTrip({ type: 'array', items: 'null' }, nothing)).toEqual(nothing)
  })

  it('has items in several blocks, with and without their lengths', () => {
    expect(read({ type: 'array', items: 'int' }, hex('02 02  03 04 04 06  02 08 00'))).toEqual([1, 2, 3, 4])
    expect(read({ type: 'map', values: 'int' }, hex('02 02 61 02  01 06 02 62 04 00'))).toEqual({ a: 1, b: 2 })
  })

  it('has a key "__proto__" of a map', () => {
    const value = JSON.parse('{"__proto__":{"__proto__":1},"b":{}}') as unknown
    const schema: AvroSchema = { type: 'map', values: { type: 'map', values: 'int' } }
    expect(JSON.stringify(roundTrip(schema, value))).toBe('{"__proto__":{"__proto__":1},"b":{}}')
  })

  it('has arrays and maps of logical types, and logical types that do not stand on them', () => {
    const set = { fromAvro: (raw: string[]) => new Set(raw), toAvro: (value: Set<string>) => [...value] }
    const tags = { type: 'array', items: 'string', logicalType: 'set' }
    const schema: AvroSchema = record('R', ['tags', tags], ['more', { ...tags, logicalType: 'uuid' }])
    const serde = serdes.avroBytes(schema, { logicalTypes: { set } }) as Serde<unknown>
    const value = { tags: new Set(['a']), more: ['b'] }
    expect(serde.deserialize('t', serde.serialize('t', value, NO_HEADERS)!, NO_HEADERS)).toEqual(value)
    for (const bytes of [MANY, `02 02 61 00 ${MANY}`]) {
      expect(() => serde.deserialize('t', hex(bytes), NO_HEADERS)).toThrow(/they end within/)
    }
  })
})
