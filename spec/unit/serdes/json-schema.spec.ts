import { NO_HEADERS } from '../../../lib/record/headers'
import * as serdes from '../../../lib/serdes'
import type { JsonSchemaOptions } from '../../../lib/serdes/json-schema/json-schema'
import { prepared } from '../../../lib/serdes/missing-dependency'
import { SchemaRegistry } from '../../../lib/serdes/registry/schema-registry'
import { SchemaViolation } from '../../../lib/serdes/schema-violation'
import type { Serde } from '../../../lib/serdes/serde'
import { FakeSchemaRegistry } from '../../support/fake-schema-registry'

let registry: SchemaRegistry
beforeEach(() => (registry = new SchemaRegistry('mock://json-schema')))
afterEach(() => SchemaRegistry.dropMock('json-schema'))

const ORDER = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Order',
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: {
    id: { type: 'string' },
    items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number', minimum: 0 } } } },
    'a/b': { type: 'string' },
  },
}

const jsonSchema = (options: Partial<JsonSchemaOptions> = {}): Serde<unknown> =>
  serdes.jsonSchema<unknown>({ registry, ...options })

const write = (serde: Serde<unknown>, value: unknown, topic = 'orders'): Promise<Buffer> =>
  prepared(() => serde.serialize(topic, value, NO_HEADERS)!)

const read = (serde: Serde<unknown>, bytes: Buffer, topic = 'orders'): Promise<unknown> =>
  prepared(() => serde.deserialize(topic, bytes, NO_HEADERS))

const issuesOf = async (work: Promise<unknown>): Promise<unknown> => {
  const failure: unknown = await work.catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(SchemaViolation)
  return (failure as SchemaViolation).issues
}

/** Bytes of a value, whatever its schema says. */
const forced = async (value: unknown): Promise<Buffer> =>
  write(jsonSchema({ schema: ORDER, validateWrites: false }), value)

test('bytes are magic byte, schema id and JSON text in UTF-8', async () => {
  const serde = jsonSchema({ schema: ORDER })
  const bytes = await write(serde, { id: 'ö' })
  expect(bytes).toEqual(Buffer.concat([Buffer.of(0, 0, 0, 0, 1), Buffer.from('{"id":"ö"}')]))
  expect(await read(serde, bytes)).toEqual({ id: 'ö' })
  expect(await registry.schema(1)).toMatchObject({ schemaType: 'JSON', schema: JSON.stringify(ORDER) })
})

test('what does not fit is refused on writing and reading, with every issue and its path', async () => {
  const serde = jsonSchema({ schema: ORDER })
  const bad = { items: [{ price: 1 }, { price: -1 }], 'a/b': 5, colour: 'red' }
  const expected = [
    { path: [], message: "must have required property 'id'" },
    { path: [], message: 'must NOT have additional properties: colour' },
    { path: ['items', 1, 'price'], message: 'must be >= 0' },
    { path: ['a/b'], message: 'must be string' },
  ]
  expect(await issuesOf(write(serde, bad))).toEqual(expected.map(matchingOf))
  expect(await issuesOf(read(serde, await forced(bad)))).toEqual(expected.map(matchingOf))
})

/** Versions of Ajv say "must" or "should". */
const matchingOf = ({ path, message }: { path: unknown[]; message: string }) => ({
  path,
  message: expect.stringMatching(message.replace('must', '(must|should)')) as string,
})

test('writes are checked as they are read: what JSON drops is not there', async () => {
  expect(await issuesOf(write(jsonSchema({ schema: ORDER }), { id: undefined }))).toHaveLength(1)
})

test('checks can be turned off', async () => {
  const bytes = await forced({ id: 5 })
  expect(await read(jsonSchema({ schema: ORDER, validateReads: false }), bytes)).toEqual({ id: 5 })
})

test('without a schema, values are checked by the one they were written with, and written with the latest one', async () => {
  const serde = jsonSchema()
  expect(await issuesOf(read(serde, await forced({ id: 5 })))).toHaveLength(1)
  expect(await issuesOf(write(serde, {}))).toHaveLength(1)
  expect((await write(serde, { id: 'o' })).readInt32BE(1)).toBe(1)
})

test('schemas of other drafts are taken, and a compiler of your own', async () => {
  const draft2019 = { $schema: 'https://json-schema.org/draft/2019-09/schema', dependentRequired: { a: ['b'] } }
  expect(await issuesOf(write(jsonSchema({ schema: draft2019 }), { a: 1 }))).toHaveLength(1)
  const draft4 = { $schema: 'http://json-schema.org/draft-04/schema#', type: 'string' }
  expect(await issuesOf(write(jsonSchema({ schema: draft4 }), 5, 'texts'))).toHaveLength(1)
  const compile: JsonSchemaOptions['compile'] = () =>
    Object.assign(() => false, { errors: [{ instancePath: '/id', message: 'not today' }] })
  expect(await issuesOf(write(jsonSchema({ schema: {}, compile }), {}, 'own'))).toEqual([
    { path: ['id'], message: 'not today' },
  ])
})

test('references are registered under their names, and fetched by a reader that has none', async () => {
  const http = await FakeSchemaRegistry.start()
  try {
    const references = {
      'money.json': { type: 'object', properties: { currency: { $ref: 'currency.json' } } },
      'currency.json': { type: 'string', minLength: 3 },
    }
    const schema = { title: 'Invoice', type: 'object', properties: { total: { $ref: 'money.json' } } }
    const serde = jsonSchema({ registry: http.url, schema, references })
    const bytes = await write(serde, { total: { currency: 'EUR' } })
    expect(bytes.readInt32BE(1)).toBe(3)
    expect(await issuesOf(write(serde, { total: { currency: 'E' } }))).toMatchObject([{ path: ['total', 'currency'] }])
    const bad = jsonSchema({ registry: http.url, schema, references, validateWrites: false })
    const bytesOfBad = await write(bad, { total: { currency: 'E' } })
    expect(await issuesOf(read(jsonSchema({ registry: http.url }), bytesOfBad))).toHaveLength(1)
  } finally {
    await http.stop()
  }
})

test('the title names the subject', async () => {
  await write(jsonSchema({ schema: ORDER, subject: 'record' }), { id: 'o' })
  expect(await registry.latest('Order')).toMatchObject({ id: 1 })
  expect(() => jsonSchema({ schema: {}, subject: 'record' })).toThrow(/no title/)
})

test('what is no schema, and options that it does not have, are refused', () => {
  expect(() => jsonSchema({ schema: { type: 'strin' } })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  expect(() => jsonSchema({ schema: 'text' as never })).toThrow(/a JSON schema/)
  expect(() => jsonSchema({ shema: {} } as never)).toThrow(/did you mean schema/)
})

test('bytes of other formats are refused', async () => {
  const serde = jsonSchema({ schema: ORDER })
  await expect(read(serde, Buffer.from('{}'))).rejects.toThrow(/begins with 00 .* serdes\.json/)
  const avro = serdes.avro({ registry, schema: 'string' })
  const bytes = await prepared(() => avro.serialize('texts', 'text', NO_HEADERS)!)
  await expect(read(serde, bytes)).rejects.toThrow(/is of type AVRO, not JSON Schema/)
})

test('serdes.json says of bytes with a schema id what they are', async () => {
  const bytes = await write(jsonSchema({ schema: ORDER }), { id: 'o' })
  expect(() => serdes.json().deserialize('orders', bytes, NO_HEADERS)).toThrow(
    /Confluent's format, with schema 1 of a registry: read it by serdes\.jsonSchema/,
  )
  expect(() => serdes.json().deserialize('orders', Buffer.from('{'), NO_HEADERS)).toThrow(SyntaxError)
})
