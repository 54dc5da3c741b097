import * as serdes from '../../../lib/serdes'
import { Change } from '../../../lib/record/change'
import { NO_HEADERS } from '../../../lib/record/headers'
import { Windowed } from '../../../lib/record/windowed'
import { ChangeSerde } from '../../../lib/serdes/change'
import { responseSerde, subscriptionSerde } from '../../../lib/serdes/foreign-key/foreign-key-serdes'
import { KeyedIdSerde } from '../../../lib/serdes/keyed-id'
import { prepared } from '../../../lib/serdes/missing-dependency'
import { completed } from '../../../lib/serdes/open-serde'
import { SchemaRegistry } from '../../../lib/serdes/registry/schema-registry'
import type { Serde } from '../../../lib/serdes/serde'
import { shortcutsOf } from '../../../lib/serdes/shortcuts'
import { valuesSerde } from '../../../lib/serdes/values'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

let registry: SchemaRegistry
beforeEach(() => (registry = new SchemaRegistry('mock://damaged')))
afterEach(() => SchemaRegistry.dropMock('damaged'))

const ORDER = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'amounts', type: { type: 'array', items: 'double' } },
    { name: 'labels', type: { type: 'map', values: ['null', 'long'] } },
    { name: 'raw', type: 'bytes' },
  ],
}
const PROTO = `
  syntax = "proto3";
  message Order {
    message Item { string sku = 1; repeated sint64 counts = 2; }
    map<string, int64> stock = 1;
    repeated Item items = 2;
    bytes raw = 3;
    uint64 cents = 4;
    string id = 5;
  }
`
const order = { id: 'order-1', amounts: [1, 2.5], labels: { a: 7, b: null }, raw: hex('0102') }
const message = {
  stock: { a: 300 },
  items: [{ sku: 'é', counts: [-1, 2 ** 40] }],
  raw: hex('ff'),
  cents: 2 ** 50,
  id: 'x1',
}

const app = {
  applicationId: 'app',
  defaultKeySerde: serdes.string() as Serde<unknown>,
  defaultValueSerde: serdes.string() as Serde<unknown>,
}
const subscription = {
  instruction: 'answer' as const,
  hash: Buffer.alloc(16, 7),
  primaryKey: 'pk',
  primaryPartition: 3,
}

type Sample = readonly [serde: Serde<unknown>, value: unknown]
const sample = <T>(serde: Serde<T>, value: T): Sample => [serde as Serde<unknown>, value]

/** With a value of each. */
const SERDES: Readonly<Record<string, () => Sample>> = {
  avro: () => sample(serdes.avro({ registry, schema: ORDER }), order),
  'avro without a registry': () => sample(serdes.avroBytes(ORDER), order),
  json: () => sample(serdes.json(), order),
  jsonSchema: () => sample(serdes.jsonSchema({ registry, schema: { type: 'object' } }), { a: [1] }),
  protobuf: () => sample(serdes.protobuf({ registry, schema: PROTO }), message),
  'a list of numbers': () => sample(serdes.list<number | null>(serdes.int() as Serde<number | null>), [1, null]),
  'a list of texts': () => sample(serdes.list<string | null>(serdes.string() as Serde<string | null>), ['a', null]),
  'values of a key': () => sample(valuesSerde(serdes.json()), [{ a: 1 }, null]),
  string: () => sample(serdes.string(), 'é and 😀'),
  uuid: () => sample(serdes.uuid(), '0f8fad5b-d9cb-469f-a165-70867728950e'),
  boolean: () => sample(serdes.boolean(), true),
  short: () => sample(serdes.short(), 7),
  int: () => sample(serdes.int(), 7),
  long: () => sample(serdes.long(), 2 ** 40),
  bigint: () => sample(serdes.bigint(), 2n ** 60n),
  float: () => sample(serdes.float(), 1.5),
  double: () => sample(serdes.double(), 1.1),
  timeWindowed: () => sample(serdes.timeWindowed(serdes.string(), '1m'), new Windowed('k', { start: 0, end: 60_000 })),
  sessionWindowed: () => sample(serdes.sessionWindowed(serdes.string()), new Windowed('k', { start: 1, end: 2 })),
  versioned: () =>
    sample(serdes.versioned(serdes.json<unknown>(), { version: 2, migrate: { 1: (value) => value } }), { a: 1 }),
  'a change of a table': () => sample(new ChangeSerde(serdes.string()), new Change('new', 'old')),
  'an id of a key': () => sample(new KeyedIdSerde(serdes.string()), { key: 'k', id: 'id' }),
  'a foreign-key subscription': () => sample(completed(subscriptionSerde({ topic: 'fk' }), app), subscription),
  'a foreign-key response': () =>
    sample(completed(responseSerde({ topic: 'fk' }), app), {
      hash: Buffer.alloc(16, 7),
      foreignValue: 'v',
      primaryPartition: null,
    }),
}

/** Cut off, with bits flipped, with bytes removed and doubled, and with numbers that are large, negative or endless in any place. */
function* damaged(whole: Buffer): Generator<Buffer> {
  for (let at = 0; at < whole.length; at++) {
    yield whole.subarray(0, at)
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(whole)
      flipped[at]! ^= 1 << bit
      yield flipped
    }
    yield Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1)])
    yield Buffer.concat([whole.subarray(0, at + 1), whole.subarray(at)])
    for (const hostile of HOSTILE) yield Buffer.concat([whole.subarray(0, at), hostile, whole.subarray(at + 1)])
  }
}

const HOSTILE = ['7fffffff', '80000000', 'ffffffff', '8080808010', 'ffffffffffffffffff01', '80'.repeat(200) + '00'].map(
  hex,
)

const outcomeOf = (read: () => unknown): unknown => {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    return String(error)
  }
}

describe.each(Object.keys(SERDES))('damaged bytes of %s', (name) => {
  const whole = async (): Promise<[Serde<unknown>, Buffer]> => {
    const [serde, value] = SERDES[name]!()
    const bytes = await prepared(() => serde.serialize('t', value, NO_HEADERS)!)
    await prepared(() => serde.deserialize('t', bytes, NO_HEADERS))
    return [serde, bytes]
  }

  it('are a value or an error, the same one wherever they lie', async () => {
    const [serde, bytes] = await whole()
    const { readRange } = shortcutsOf(serde)
    for (const some of damaged(bytes)) {
      const alone = outcomeOf(() => serde.deserialize('t', Buffer.from(some), NO_HEADERS))
      const batch = Buffer.concat([bytes, some, bytes])
      const [start, end] = [bytes.length, bytes.length + some.length]
      expect(outcomeOf(() => serde.deserialize('t', batch.subarray(start, end), NO_HEADERS))).toEqual(alone)
      if (readRange) expect(outcomeOf(() => readRange(batch, start, end, 't'))).toEqual(alone)
    }
  })

  it('leave the next value as it is', async () => {
    const [serde, bytes] = await whole()
    const value = serde.deserialize('t', bytes, NO_HEADERS)
    for (const some of damaged(bytes)) outcomeOf(() => serde.deserialize('t', some, NO_HEADERS))
    expect(serde.deserialize('t', bytes, NO_HEADERS)).toEqual(value)
  })
})

it.each(['avro', 'avro without a registry', 'a list of numbers', 'a list of texts'])(
  'a value of %s that is cut off is an error',
  async (name) => {
    const [serde, value] = SERDES[name]!()
    const bytes = await prepared(() => serde.serialize('t', value, NO_HEADERS)!)
    expect(await prepared(() => serde.deserialize('t', bytes, NO_HEADERS))).toEqual(value)
    for (let end = 0; end < bytes.length; end++) {
      expect(() => serde.deserialize('t', bytes.subarray(0, end), NO_HEADERS)).toThrow()
    }
  },
)

it('a message of Protobuf that is cut off within a field is an error', async () => {
  const serde = SERDES['protobuf']!()[0]
  const write = (value: unknown): Promise<Buffer> => prepared(() => serde.serialize('t', value, NO_HEADERS)!)
  const bytes = await write(message)
  expect(await prepared(() => serde.deserialize('t', bytes, NO_HEADERS))).toEqual(message)
  const fields = Object.entries(message)
  const ends: number[] = []
  // between two fields nothing tells that there were more
  for (let i = 0; i <= fields.length; i++) ends.push((await write(Object.fromEntries(fields.slice(0, i)))).length)
  for (let end = 0; end < bytes.length; end++) {
    const read = (): unknown => serde.deserialize('t', bytes.subarray(0, end), NO_HEADERS)
    if (ends.includes(end)) expect(read).not.toThrow()
    else expect(read).toThrow()
  }
})
