import * as serdes from '../../../lib/serdes'
import { MissingDependency, prepared } from '../../../lib/serdes/missing-dependency'
import { SchemaRegistry } from '../../../lib/serdes/registry/schema-registry'
import type { AvroSchema } from '../../../lib/serdes/avro/schema'
import type { Serde } from '../../../lib/serdes/serde'
import { shortcutsOf } from '../../../lib/serdes/shortcuts'
import { FakeSchemaRegistry } from '../../support/fake-schema-registry'
import { NO_HEADERS } from '../../../lib/record/headers'

const order = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'amount', type: 'int' },
  ],
} as const
const orderV2 = {
  ...order,
  fields: [...order.fields, { name: 'note', type: ['null', 'string'], default: null }],
} as const

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const read = <T>(serde: Serde<T>, bytes: Buffer): Promise<T> =>
  prepared(() => serde.deserialize('t', bytes, NO_HEADERS))
const write = <T>(serde: Serde<T>, value: T, topic = 't'): Promise<Buffer | null> =>
  prepared(() => serde.serialize(topic, value, NO_HEADERS))

let http: FakeSchemaRegistry
let registry: SchemaRegistry
beforeEach(async () => {
  http = await FakeSchemaRegistry.start()
  registry = new SchemaRegistry({ url: http.url })
})
afterEach(() => http.stop())

describe('Confluent wire format', () => {
  it('is a zero byte, the id and Avro, and is registered at the subject of the topic', async () => {
    const serde = serdes.avro({ registry, schema: order })
    http.add('other', 'string', { id: 257 })
    await serde.prepare!('orders', 'sink')
    const bytes = serde.serialize('orders', { id: 'a1', amount: -1 }, NO_HEADERS)
    expect(bytes).toEqual(hex('00 00000102 04 6131 01'))
    expect(serde.deserialize('orders', bytes!, NO_HEADERS)).toEqual({ id: 'a1', amount: -1 })
    expect(http.schemas('orders-value')).toEqual([order])
    expect(http.took()).toEqual(['POST /subjects/orders-value/versions'])
  })

  // bytes of Avro's specification: zig-zag varints, IEEE 754 little-endian, block-wise arrays and maps
  it.each([
    ['boolean', true, '01'],
    ['int', -64, '7f'],
    ['long', 8192, '808001'],
    ['float', 1.5, '0000c03f'],
    ['double', -2.5, '00000000000004c0'],
    ['string', 'hé', '0668c3a9'],
    [{ type: 'array', items: 'long' }, [3, 27], '04063600'],
    [{ type: 'map', values: 'int' }, { a: 1 }, '0202610200'],
    [['null', 'string'], null, '00'],
    [['null', 'string'], 'a', '020261'],
    [{ type: 'enum', name: 'E', symbols: ['X', 'Y'] }, 'Y', '02'],
    [{ type: 'fixed', name: 'F', size: 2 }, hex('abcd'), 'abcd'],
    // Confluent's serializer leaves out the length of top-level bytes
    ['bytes', hex('0102'), '0102'],
  ] as const)('%j %j', async (schema, value, encoded) => {
    const serde = serdes.avro({ registry, schema: schema as AvroSchema })
    const bytes = await write(serde, value)
    expect(bytes!.toString('hex')).toBe(`0000000001${encoded}`)
    expect(await read(serde, bytes!)).toEqual(value)
  })

  it.each([
    ['', /0 bytes/],
    ['7b226964', /begins with 00 and the schema's id.*avroBytes/],
    ['00 00000001 04 61', /not Avro of the schema|end within the value/],
    ['00 00000001 04 6131 01 ff', /1 bytes follow the value/],
  ])('%p is an error', async (bytes, message) => {
    http.add('t-value', order)
    await expect(read(serdes.avro({ registry, schema: order }), hex(bytes))).rejects.toThrow(message)
  })

  it.each(['00 00000001 04 6131 01', '00 00000001 08 6131 01', '00 00000001 04 6131 01 ff', '00 00000001 04 61', ''])(
    'in the middle of a buffer %p is read as by itself, and so is its error',
    async (text) => {
      http.add('t-value', order)
      const serde = serdes.avro({ registry, schema: order })
      const bytes = hex(text)
      const whole = Buffer.concat([hex('616263'), bytes, hex('6131016131016131')])
      const outcome = (read: () => unknown): Promise<unknown> => prepared(read).catch(String)
      expect(await outcome(() => shortcutsOf(serde).readRange!(whole, 3, 3 + bytes.length, 't'))).toEqual(
        await outcome(() => serde.deserialize('t', bytes, NO_HEADERS)),
      )
    },
  )

  it('reads a value larger than what it began with', async () => {
    const serde = serdes.avro({ registry, schema: 'string' })
    const text = 'x'.repeat(100_000)
    expect(await read(serde, (await write(serde, text))!)).toBe(text)
  })

  it('has texts of any length, ASCII or not, also where they were written as bytes', async () => {
    const written = { type: 'record', name: 'Note', fields: [{ name: 'text', type: 'bytes' }] } as const
    const note = { type: 'record', name: 'Note', fields: [{ name: 'text', type: 'string' }] } as const
    const asBytes = serdes.avro({ registry, schema: written })
    const asText = serdes.avro({ registry, schema: note })
    const resolved = serdes.avro({ registry, schema: note, readerSchema: note })
    for (let length = 0; length < 30; length++) {
      for (const text of ['abc'.repeat(10).slice(0, length), `${'x'.repeat(length)}é`, `😀${'x'.repeat(length)}`]) {
        expect(await read(asText, (await write(asText, { text }))!)).toEqual({ text })
        const bytes = await write(asBytes, { text: Buffer.from(text) }, 'bytes')
        expect(await read(resolved, bytes!)).toEqual({ text })
      }
    }
  })

  it.each(['00 00000001 01 6131 01', '00 00000001', '00 00000001 fe ff ff ff 0f 61'])(
    'with a text that does not fit into its bytes, %p, is an error',
    async (bytes) => {
      http.add('t-value', order)
      await expect(read(serdes.avro({ registry, schema: order }), hex(bytes))).rejects.toThrow(/not Avro|end within/)
    },
  )

  it('with more texts than there are bytes for is an error of the first that is missing', async () => {
    const texts = { type: 'array', items: 'string' } as const
    http.add('t-value', texts)
    const serde = serdes.avro({ registry, schema: texts })
    await expect(read(serde, hex('00 00000001 80 80 10 02 61'))).rejects.toThrow('they end within a text')
  })

  it('says which field does not fit', async () => {
    const serde = serdes.avro({ registry, schema: { type: 'array', items: order } })
    await expect(write(serde, [{ id: 'a', amount: 'many' as unknown as number }])).rejects.toThrow(
      /invalid "int".*at 0\.amount/,
    )
  })
})

describe('schemas', () => {
  it('are fetched once, and only when a record needs them', async () => {
    http.add('t-value', order)
    const serde = serdes.avro({ registry })
    const bytes = hex('00 00000001 04 6131 01')
    expect(() => serde.deserialize('t', bytes, NO_HEADERS)).toThrow(MissingDependency)
    expect(await Promise.all([read(serde, bytes), read(serde, bytes)])).toEqual([
      { id: 'a1', amount: -1 },
      { id: 'a1', amount: -1 },
    ])
    expect(serde.deserialize('t', bytes, NO_HEADERS)).toEqual({ id: 'a1', amount: -1 })
    // another serde of the same registry
    expect(serdes.avro({ registry, schema: order }).deserialize('t', bytes, NO_HEADERS)).toEqual({
      id: 'a1',
      amount: -1,
    })
    expect(http.took()).toEqual(['GET /schemas/ids/1'])
  })

  it("evolve: the writer's is resolved to the reader's", async () => {
    const writer = serdes.avro({ registry, schema: order })
    const reader = serdes.avro({ registry, schema: orderV2 })
    const bytes = await write(writer, { id: 'a', amount: 1 })
    expect(await read(reader, bytes!)).toEqual({ id: 'a', amount: 1, note: null })
    const newer = await write(reader, { id: 'b', amount: 2, note: 'hi' })
    expect(await read(writer, newer!)).toEqual({ id: 'b', amount: 2 })
    expect(await read(serdes.avro({ registry }), newer!)).toEqual({ id: 'b', amount: 2, note: 'hi' })
    expect(await read(serdes.avro({ registry, schema: order, readerSchema: orderV2 }), bytes!)).toEqual({
      id: 'a',
      amount: 1,
      note: null,
    })
  })

  it("that can't be resolved are an error of the record", async () => {
    const bytes = await write(serdes.avro({ registry, schema: 'string' }), 'x')
    await expect(read(serdes.avro({ registry, schema: order }), bytes!)).rejects.toThrow(
      /written with schema 1 can't be read as shop\.Order/,
    )
  })

  it('may refer to others', async () => {
    http.add('money', { type: 'record', name: 'Money', namespace: 'shop', fields: [{ name: 'cents', type: 'long' }] })
    const priced = { type: 'record', name: 'Price', namespace: 'shop', fields: [{ name: 'money', type: 'Money' }] }
    http.add('price', priced, { references: [{ name: 'shop.Money', subject: 'money', version: 1 }] })
    const lines = { type: 'array', items: 'shop.Price' }
    const id = http.add('lines', lines, { references: [{ name: 'shop.Price', subject: 'price', version: 1 }] })
    expect(await read(serdes.avro({ registry }), hex(`00 0000000${id} 02 c801 00`))).toEqual([
      { money: { cents: 100 } },
    ])
  })

  it('of other formats are an error', async () => {
    const id = http.add('t-value', '{"type":"object"}', { schemaType: 'JSON' })
    await expect(read(serdes.avro({ registry }), hex(`00 0000000${id} 00`))).rejects.toThrow(/of type JSON, not Avro/)
  })

  it('with an unknown id are an error with id and subject, and not asked for again at once', async () => {
    const serde = serdes.avro({ registry })
    const bytes = hex('00 00000007 00')
    const failure = {
      code: 'SCHEMA_NOT_FOUND',
      message: expect.stringMatching(/does not have schema 7.*"t-value"/) as string,
    }
    await expect(read(serde, bytes)).rejects.toMatchObject(failure)
    expect(() => serde.deserialize('t', bytes, NO_HEADERS)).toThrow(expect.objectContaining(failure))
    expect(http.took()).toEqual(['GET /schemas/ids/7'])
    const impatient = serdes.avro({ registry: new SchemaRegistry({ url: http.url, missingSchemaTtl: 0 }) })
    await expect(read(impatient, bytes)).rejects.toMatchObject(failure)
    http.add('t-value', 'int', { id: 7 })
    expect(await read(impatient, bytes)).toBe(0)
  })

  it('that are none are refused where the serde is made', () => {
    expect(() => serdes.avro({ registry, schema: { type: 'record', name: 'X' } })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
    expect(() => serdes.avroBytes('strin')).toThrow(/not a valid Avro schema: undefined type name: strin/)
  })
})

describe('subjects', () => {
  it.each([
    ['topic', false, 't-value'],
    ['topic', true, 't-key'],
    ['record', false, 'shop.Order'],
    ['topic-record', true, 't-shop.Order'],
    [(topic: string, { key }: { key: boolean }) => `${topic}/${key}`, true, 't/true'],
  ] as const)('%s, key %p: %s', async (subject, key, expected) => {
    await write(serdes.avro({ registry, schema: order, subject, key }), { id: 'a', amount: 1 })
    expect(http.schemas(expected)).toEqual([order])
  })

  it.each(['record', 'topic-record'] as const)('%s takes a record', (subject) => {
    expect(() => serdes.avro({ registry, schema: 'string', subject })).toThrow(/takes the name of a record schema/)
    expect(() => serdes.avro({ registry, subject })).toThrow(/no schema was given/)
  })

  it('of stores are known with all their versions, since nothing can be fetched while they are read', async () => {
    http.add('app-store-changelog-value', order)
    http.add('app-store-changelog-value', orderV2)
    http.took()
    const serde = serdes.avro({ registry, schema: orderV2 })
    await serde.prepare!('app-store-changelog', 'store')
    await serde.prepare!('app-store-changelog', 'store')
    expect(http.took()).toHaveLength(3)
    expect(serde.deserialize('app-store-changelog', hex('00 00000001 02 61 02'), NO_HEADERS)).toEqual({
      id: 'a',
      amount: 1,
      note: null,
    })
  })
})

describe('without registering', () => {
  it('the schema is looked up', async () => {
    const id = http.add('t-value', order)
    const serde = serdes.avro({ registry, schema: order, autoRegister: false })
    expect((await write(serde, { id: '', amount: 0 }))!.readInt32BE(1)).toBe(id)
    expect(http.took()).toEqual(['POST /subjects/t-value'])
  })

  it('a schema that is not there is an error with a next step', async () => {
    const serde = serdes.avro({ registry, schema: order, autoRegister: false })
    await expect(serde.prepare!('t', 'sink')).rejects.toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
      message: expect.stringMatching(/no schema to write topic "t" with.*autoRegister/) as string,
    })
  })

  it('the latest version is written where no schema is given', async () => {
    http.add('t-value', order)
    const id = http.add('t-value', orderV2)
    const bytes = await write(serdes.avro({ registry }), { id: 'a', amount: 1, note: null })
    expect(bytes).toEqual(hex(`00 0000000${id} 02 61 02 00`))
    await expect(write(serdes.avro({ registry }), {}, 'empty')).rejects.toThrow(/pass the `schema` to write with/)
  })

  it('an incompatible schema is an error that says so', async () => {
    http.incompatible.add('t-value')
    await expect(write(serdes.avro({ registry, schema: order }), { id: '', amount: 0 })).rejects.toMatchObject({
      code: 'SCHEMA_REJECTED',
      message: expect.stringMatching(/topic "t".*incompatible with an earlier.*subject "t-value"/) as string,
    })
  })
})

describe('values', () => {
  it('of logical types', async () => {
    const serde = serdes.avro({
      registry,
      schema: {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
          { name: 'day', type: { type: 'int', logicalType: 'date' } },
          { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 } },
          { name: 'key', type: { type: 'string', logicalType: 'uuid' } },
          { name: 'micros', type: { type: 'long', logicalType: 'timestamp-micros' } },
          { name: 'maybe', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] },
        ],
      },
    })
    const value = {
      at: new Date(1000),
      day: new Date('1970-01-03T00:00:00Z'),
      price: '-12.50',
      key: '123e4567-e89b-12d3-a456-426614174000',
      micros: 5,
      maybe: new Date(0),
    }
    const bytes = await write(serde, value)
    expect(bytes!.toString('hex')).toBe(`0000000001d00f0404fb1e48${Buffer.from(value.key).toString('hex')}0a0200`)
    expect(await read(serde, bytes!)).toEqual(value)
    for (const [wrong, message] of [
      [{ at: 5 }, /a Date is needed.*at at/],
      [{ day: new Date(1) }, /midnight UTC/],
      [{ price: '1.234' }, /3 places.*scale is 2.*round it/],
      [{ price: '12345.6' }, /precision of 6/],
      [{ price: 1.5 }, /a decimal is text/],
      [{ key: 'nope' }, /not a UUID/],
    ] as const) {
      await expect(write(serde, { ...value, ...wrong } as typeof value)).rejects.toThrow(message)
    }
  })

  it.each([
    ['0.00', '00'],
    ['0.01', '01'],
    ['1.27', '7f'],
    ['1.28', '0080'],
    ['-1.28', '80'],
    ['-1.29', 'ff7f'],
    ['12345678901234567890.12', '42ed123b0bd8203a14'],
  ])('decimal %s is %s', (text, unscaled) => {
    const serde = serdes.avroBytes({ type: 'bytes', logicalType: 'decimal', precision: 30, scale: 2 })
    const bytes = serde.serialize('t', text, NO_HEADERS)!
    expect(bytes.subarray(1).toString('hex')).toBe(unscaled)
    expect(serde.deserialize('t', bytes, NO_HEADERS)).toBe(text)
  })

  it('of a fixed decimal have its size', () => {
    const serde = serdes.avroBytes({
      type: 'fixed',
      name: 'D',
      size: 4,
      logicalType: 'decimal',
      precision: 9,
      scale: 0,
    })
    const bytes = serde.serialize('t', '-1', NO_HEADERS)!
    expect(bytes.toString('hex')).toBe('ffffffff')
    expect(serde.deserialize('t', bytes, NO_HEADERS)).toBe('-1')
  })

  it('of logical types are also read from plain ones, and the other way round', async () => {
    const plain = serdes.avro({ registry, schema: 'int' })
    const time = serdes.avro({ registry, schema: { type: 'long', logicalType: 'timestamp-millis' } })
    expect(await read(time, (await write(plain, 7))!)).toEqual(new Date(7))
    const raw = serdes.avro({ registry, schema: 'long' })
    expect(await read(raw, (await write(time, new Date(8)))!)).toBe(8)
  })

  it('of own logical types', () => {
    const serde = serdes.avroBytes(
      { type: 'long', logicalType: 'timestamp-micros' },
      {
        logicalTypes: {
          'timestamp-micros': {
            fromAvro: (micros: number) => `${micros} µs`,
            toAvro: (text: string) => Number.parseInt(text, 10),
          },
        },
      },
    )
    expect(serde.deserialize('t', serde.serialize('t', '12 µs', NO_HEADERS)!, NO_HEADERS)).toBe('12 µs')
    const off = serdes.avroBytes({ type: 'int', logicalType: 'date' }, { logicalTypes: { date: false } })
    expect(off.deserialize('t', hex('04'), NO_HEADERS)).toBe(2)
  })

  it('of an own logical type may be written by the same serde or by others, within another value', async () => {
    interface Envelope {
      readonly to: string
      readonly content: Envelope | string
    }
    const schema = {
      type: 'record',
      name: 'Envelope',
      fields: [
        { name: 'to', type: 'string' },
        { name: 'content', type: { type: 'bytes', logicalType: 'content' } },
      ],
    } as const
    const envelopesIn = (registry: SchemaRegistry): Serde<Envelope> => {
      const texts = serdes.avro({ registry, schema: 'string' })
      const envelopes: Serde<Envelope> = serdes.avro({
        registry,
        schema,
        logicalTypes: {
          content: {
            fromAvro: (bytes: Buffer): Envelope['content'] =>
              (bytes[4] === TEXT ? texts : envelopes).deserialize('t', bytes, NO_HEADERS),
            toAvro: (content: Envelope['content']) =>
              typeof content === 'string'
                ? texts.serialize('texts', content, NO_HEADERS)
                : envelopes.serialize('t', content, NO_HEADERS),
          },
        },
      })
      return envelopes
    }
    const TEXT = http.add('texts-value', 'string', { id: 7 })
    const envelope = { to: 'everybody', content: { to: 'somebody', content: 'hello' } }
    const serde = envelopesIn(registry)
    const bytes = (await write(serde, envelope))!
    expect(shortcutsOf(serde).newWriter!()('t', envelope)).toEqual(bytes)
    // without any schema yet
    expect(await read(envelopesIn(new SchemaRegistry({ url: http.url })), bytes)).toEqual(envelope)
  })

  it('of long beyond 2^53 take bigint', async () => {
    const bytes = hex('ffffffffffffffffff01')
    expect(() => serdes.avroBytes('long').deserialize('t', bytes, NO_HEADERS)).toThrow(/precision/)
    const serde = serdes.avroBytes('long', { long: 'bigint' })
    expect(serde.deserialize('t', bytes, NO_HEADERS)).toBe(-(2n ** 63n))
    expect(serde.serialize('t', -(2n ** 63n), NO_HEADERS)).toEqual(bytes)
    const wide = serdes.avro({ registry, schema: 'long', long: 'bigint' })
    await expect(write(wide, 5 as unknown as bigint)).rejects.toThrow(/invalid "long"/)
    expect(await read(wide, (await write(serdes.avro({ registry, schema: 'int' }), 5))!)).toBe(5n)
  })

  it('of ambiguous unions name their type', () => {
    const serde = serdes.avroBytes(['int', 'long'])
    expect(serde.serialize('t', { long: 3 }, NO_HEADERS)).toEqual(hex('0206'))
    expect(serde.deserialize('t', hex('0206'), NO_HEADERS)).toMatchObject({ long: 3 })
  })
})
