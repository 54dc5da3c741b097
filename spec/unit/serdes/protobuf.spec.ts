import { NO_HEADERS } from '../../../lib/record/headers'
import * as serdes from '../../../lib/serdes'
import { prepared } from '../../../lib/serdes/missing-dependency'
import { MessageIndexReader, messageIndexBytes } from '../../../lib/serdes/protobuf/message-indexes'
import type { ProtobufOptions } from '../../../lib/serdes/protobuf/protobuf'
import { SchemaRegistry } from '../../../lib/serdes/registry/schema-registry'
import { SchemaViolation } from '../../../lib/serdes/schema-violation'
import type { Serde } from '../../../lib/serdes/serde'
import { FakeSchemaRegistry } from '../../support/fake-schema-registry'

let registry: SchemaRegistry
beforeEach(() => (registry = new SchemaRegistry('mock://protobuf')))
afterEach(() => SchemaRegistry.dropMock('protobuf'))

const protobuf = (schema: string | undefined, options: Partial<ProtobufOptions> = {}): Serde<unknown> =>
  serdes.protobuf<unknown>({ registry, ...(schema === undefined ? {} : { schema }), ...options })

const write = (serde: Serde<unknown>, value: unknown, topic = 'orders'): Promise<Buffer> =>
  prepared(() => serde.serialize(topic, value, NO_HEADERS)!)

const read = (serde: Serde<unknown>, bytes: Buffer, topic = 'orders'): Promise<unknown> =>
  prepared(() => serde.deserialize(topic, bytes, NO_HEADERS))

const roundTrip = async (serde: Serde<unknown>, value: unknown): Promise<unknown> =>
  read(serde, await write(serde, value))

const failureOf = async (work: () => Promise<unknown>): Promise<Error> => {
  try {
    await work()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

const ORDER = `
  syntax = "proto3";
  package shop;
  message Order {
    message Item { string sku = 1; int32 count = 2; }
    string id = 1;
    int64 cents = 2;
    repeated Item items = 3;
    map<string, int64> stock = 4;
    optional string note = 5;
    enum State { OPEN = 0; PAID = 1; }
    State state = 6;
    oneof payment { string card = 7; bool cash = 8; }
    bytes raw = 9;
    repeated int32 marks = 10;
    double weight = 11;
    Item first_item = 12;
  }
  message Refund { string order_id = 1; }
`
const DEFAULTS = { id: '', cents: 0, items: [], stock: {}, state: 'OPEN', raw: Buffer.alloc(0), marks: [], weight: 0 }

describe("message indexes have the bytes of Kafka's ByteUtils.writeVarint", () => {
  test.each([
    [[0], '00'],
    [[1], '0202'],
    [[1, 0], '040200'],
    [[0, 2, 1], '06000402'],
    [[63], '027e'],
    [[64], '028001'],
    [[200, 3], '04900306'],
  ])('%j is %s', (indexes, hex) => {
    expect(messageIndexBytes(indexes).toString('hex')).toBe(hex)
    const reader = new MessageIndexReader()
    expect(reader.read(Buffer.from(`ffff${hex}07`, 'hex'), 2)).toEqual(indexes)
    expect(reader.end).toBe(2 + hex.length / 2)
  })

  test('the long form of the first message is read, too', () => {
    expect(new MessageIndexReader().read(Buffer.from('0200', 'hex'), 0)).toEqual([0])
  })

  test.each(['', '02', '01', 'ffffffffff', '0a0000'])('damaged ones are refused: %s', (hex) => {
    expect(() => new MessageIndexReader().read(Buffer.from(hex, 'hex'), 0)).toThrow(RangeError)
  })
})

describe('bytes', () => {
  test('are magic byte, schema id, message indexes and message', async () => {
    expect((await write(protobuf(ORDER), { id: 'o', cents: 150 })).toString('hex')).toBe(
      '0000000001' + '00' + '0a016f109601',
    )
    const refund = protobuf(ORDER, { message: 'Refund' })
    expect((await write(refund, { orderId: 'o' })).toString('hex')).toBe('0000000001' + '0202' + '0a016f')
    const item = protobuf(ORDER, { message: 'Order.Item' })
    expect((await write(item, { count: 5 })).toString('hex')).toBe('0000000001' + '040000' + '1005')
  })

  test('of fields at their default are none, as in Java, and of optional ones that are set', async () => {
    const bytes = await write(protobuf(ORDER), { ...DEFAULTS, note: '', cash: false })
    expect(bytes.toString('hex')).toBe('000000000100' + '2a00' + '4000')
  })

  test('of repeated numbers are packed', async () => {
    expect((await write(protobuf(ORDER), { marks: [1, 300] })).toString('hex')).toBe('000000000100' + '5203' + '01ac02')
  })

  test('of a message whose fields begin with a zero byte are kept', async () => {
    const serde = protobuf('syntax = "proto3"; message A { bytes b = 1; }')
    expect(await roundTrip(serde, { b: Buffer.of(0, 0, 1) })).toEqual({ b: Buffer.of(0, 0, 1) })
  })
})

describe('values', () => {
  const full = {
    id: 'o-1',
    cents: -150,
    items: [
      { sku: 'tea', count: 2 },
      { sku: '', count: 0 },
    ],
    stock: { tea: 5, cups: 9_007_199_254_740_991 },
    note: '',
    state: 'PAID',
    card: '4242',
    raw: Buffer.of(1, 2),
    marks: [1, -1],
    weight: 0.5,
    firstItem: { sku: 'tea', count: 2 },
  }

  test('come back as they were', async () => {
    expect(await roundTrip(protobuf(ORDER), full)).toEqual(full)
  })

  test('have the defaults of fields that were not set, and no optional ones', async () => {
    expect(await roundTrip(protobuf(ORDER), {})).toEqual(DEFAULTS)
  })

  test('are copies of the bytes that they were read from', async () => {
    const serde = protobuf(ORDER)
    const bytes = await write(serde, { raw: Buffer.of(7) })
    const { raw } = (await read(serde, bytes)) as { raw: Buffer }
    bytes.fill(0)
    expect(raw).toEqual(Buffer.of(7))
  })

  test('have 64-bit integers as bigints if told, also as keys of maps', async () => {
    const schema = `syntax = "proto3"; message A { uint64 u = 1; sint64 s = 2; fixed64 f = 3; map<int64, uint64> m = 4; }`
    const value = { u: 2n ** 64n - 1n, s: -(2n ** 63n), f: 2n ** 63n, m: { '-9223372036854775808': 1n, 5: 2n ** 60n } }
    expect(await roundTrip(protobuf(schema, { long: 'bigint' }), value)).toEqual(value)
    const bytes = await write(protobuf(schema), value)
    const failure = await failureOf(() => read(protobuf(schema), bytes))
    expect(failure).toBeInstanceOf(SchemaViolation)
    expect(failure.message).toMatch(/at u: 18446744073709551615 is beyond/)
  })

  test('of an enum that the schema does not know are numbers', async () => {
    const wider = ORDER.replace('PAID = 1;', 'PAID = 1; SENT = 2;')
    const bytes = await write(protobuf(wider), { state: 'SENT' })
    expect(await read(protobuf(ORDER), bytes)).toMatchObject({ state: 2 })
  })

  test('of proto2 have required fields and defaults', async () => {
    const serde = protobuf('syntax = "proto2"; message A { required int32 n = 1; optional string s = 2; }')
    expect(await roundTrip(serde, { n: 0 })).toEqual({ n: 0 })
    expect((await failureOf(() => write(serde, {}))).message).toMatch(/at n: it is required/)
  })
})

test('what does not fit the schema is refused, with every issue and its path', async () => {
  const failure = await failureOf(() =>
    write(protobuf(ORDER), {
      id: 5,
      cents: 1.5,
      items: [{ sku: 'tea', count: 2 ** 31 }, 'cups'],
      stock: { tea: '5' },
      state: 'LOST',
      card: 'x',
      cash: true,
      colour: 'red',
    }),
  )
  expect(failure).toBeInstanceOf(SchemaViolation)
  expect((failure as SchemaViolation).issues).toEqual([
    { path: ['colour'], message: 'Order has no field "colour"' },
    { path: ['id'], message: 'a string is needed, got 5 (number)' },
    { path: ['cents'], message: 'an integer of type int64 is needed, got 1.5 (number)' },
    { path: ['items', 0, 'count'], message: 'an integer of type int32 is needed, got 2147483648 (number)' },
    { path: ['items', 1], message: "Item takes an object, got 'cups' (string)" },
    { path: ['stock', 'tea'], message: "an integer of type int64 is needed, got '5' (string)" },
    { path: ['state'], message: "one of OPEN, PAID is needed, got 'LOST' (string)" },
    { path: [], message: 'only one of card, cash may be set: they are a oneof, "payment"' },
  ])
})

describe('messages', () => {
  test('of several kinds in one topic are read without a schema', async () => {
    const serde = protobuf(undefined)
    const order = await write(protobuf(ORDER), { id: 'o' })
    const refund = await write(protobuf(ORDER, { message: 'shop.Refund' }), { orderId: 'o' })
    expect(await read(serde, order)).toMatchObject({ id: 'o' })
    expect(await read(serde, refund)).toEqual({ orderId: 'o' })
  })

  test('of another kind than the serde reads are refused', async () => {
    const refund = await write(protobuf(ORDER, { message: 'Refund' }), { orderId: 'o' })
    const failure = await failureOf(() => read(protobuf(ORDER), refund))
    expect(failure.message).toMatch(/is a message shop\.Refund .* reads shop\.Order/)
  })

  test('are found where a later version of the file has them at another index', async () => {
    const moved = `syntax = "proto3"; package shop; message Refund { string order_id = 1; } message Order { string id = 1; string by = 20; }`
    const bytes = await write(protobuf(moved, { message: 'Order' }), { id: 'o', by: 'ann' })
    expect(await read(protobuf(ORDER), bytes)).toEqual({ ...DEFAULTS, id: 'o' })
  })

  test('are written with the latest version of the subject without a schema', async () => {
    await write(protobuf(ORDER), { id: 'o' })
    expect((await write(protobuf(undefined, { message: 'Refund' }), { orderId: 'o' })).toString('hex')).toBe(
      '0000000001' + '0202' + '0a016f',
    )
  })

  test('give the subject its name', async () => {
    await write(protobuf(ORDER, { subject: 'record' }), { id: 'o' })
    expect(await registry.latest('shop.Order')).toMatchObject({ id: 1 })
    await write(protobuf(ORDER, { subject: 'topic-record', message: 'Refund' }), { orderId: 'o' })
    expect(await registry.latest('orders-shop.Refund')).toMatchObject({ id: 1 })
  })
})

describe('references', () => {
  const MONEY =
    'syntax = "proto3"; package money; import "currency.proto"; message Amount { int64 cents = 1; Currency currency = 2; }'
  const CURRENCY = 'syntax = "proto3"; package money; message Currency { string code = 1; }'
  const INVOICE = `syntax = "proto3"; package shop; import "money.proto"; import "google/protobuf/timestamp.proto";
    message Invoice { money.Amount total = 1; google.protobuf.Timestamp due = 2; }`
  const references = { 'money.proto': MONEY, 'currency.proto': CURRENCY }
  const value = { total: { cents: 5, currency: { code: 'EUR' } }, due: { seconds: 10, nanos: 0 } }

  test('are registered under their names, what they refer to first, and fetched by a reader that has none', async () => {
    const http = await FakeSchemaRegistry.start()
    try {
      const serde = protobuf(INVOICE, { registry: http.url, references })
      const bytes = await write(serde, value)
      expect(bytes.readInt32BE(1)).toBe(3)
      expect(http.took()).toEqual([
        'POST /subjects/currency.proto/versions',
        'POST /subjects/currency.proto',
        'POST /subjects/money.proto/versions',
        'POST /subjects/currency.proto',
        'POST /subjects/money.proto',
        'POST /subjects/orders-value/versions',
      ])
      expect(await read(protobuf(undefined, { registry: http.url }), bytes)).toEqual(value)
      expect(await read(protobuf(INVOICE, { registry: http.url, references }), bytes)).toEqual(value)
    } finally {
      await http.stop()
    }
  })

  test('that are missing are named', () => {
    expect(() => protobuf(INVOICE)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/"money\.proto"/) as string }),
    )
  })
})

describe('what is refused', () => {
  test.each([
    ['syntax = "proto3"; message', /\.proto file/],
    ['syntax = "proto3"; enum E { A = 0; }', /no message/],
    ['syntax = "proto3"; message A { B b = 1; }', /B/],
  ])('the schema %s', (schema, message) => {
    expect(() => protobuf(schema)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) as string }),
    )
  })

  test('a message that the file does not have', () => {
    expect(() => protobuf(ORDER, { message: 'Orders' })).toThrow(/only Order, Order\.Item, Refund/)
  })

  test('options that it does not have', () => {
    expect(() => serdes.protobuf({ registry, shema: ORDER } as never)).toThrow(/did you mean schema/)
  })

  test.each([
    ['7b7d', /begins with 00/],
    ['000000000100ff', /no message shop\.Order/],
    ['0000000001', /message indexes/],
    ['00000000010214', /no message at the indexes 10/],
  ])('the bytes %s', async (hex, message) => {
    const serde = protobuf(ORDER)
    await write(serde, {})
    expect((await failureOf(() => read(serde, Buffer.from(hex, 'hex')))).message).toMatch(message)
  })

  test('a schema of another format', async () => {
    const avro = serdes.avro({ registry, schema: 'string' })
    const bytes = await prepared(() => avro.serialize('orders', 'text', NO_HEADERS)!)
    expect((await failureOf(() => read(protobuf(ORDER), bytes))).message).toMatch(/is of type AVRO, not Protobuf/)
  })
})

test('fields can have names that every object has', async () => {
  const serde = protobuf('syntax = "proto3"; message A { string constructor = 1; string toString = 2; int32 n = 3; }')
  expect(await roundTrip(serde, { n: 1 })).toEqual({ constructor: '', toString: '', n: 1 })
  expect(await roundTrip(serde, { constructor: 'a', n: 1 })).toEqual({ constructor: 'a', toString: '', n: 1 })
})

test('text is valid UTF-8, with a question mark for half a character, as in Java', async () => {
  const serde = protobuf('syntax = "proto3"; message A { string text = 1; map<string, int32> counts = 2; }')
  const value = { text: 'a\ud800b', counts: { '\udc00': 1 } }
  expect(await roundTrip(serde, value)).toEqual({ text: 'a?b', counts: { '?': 1 } })
})

test('a key of a map that would be lost is refused', async () => {
  const serde = protobuf('syntax = "proto3"; message A { map<string, string> counts = 1; }')
  const failure = await failureOf(() => write(serde, { counts: JSON.parse('{ "__proto__": "x" }') as unknown }))
  expect(failure.message).toMatch(/at counts\.__proto__: a key other than "__proto__" is needed/)
})

test('nothing is fetched for a second record', async () => {
  const http = await FakeSchemaRegistry.start()
  try {
    const [writer, reader] = [protobuf(ORDER, { registry: http.url }), protobuf(ORDER, { registry: http.url })]
    const bytes = await write(writer, { id: 'a' })
    await read(reader, bytes)
    http.took()
    writer.serialize('orders', { id: 'b' }, NO_HEADERS)
    expect(reader.deserialize('orders', bytes, NO_HEADERS)).toMatchObject({ id: 'a' })
    expect(http.took()).toEqual([])
  } finally {
    await http.stop()
  }
})
