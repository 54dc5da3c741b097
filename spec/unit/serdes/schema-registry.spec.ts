import { once } from 'node:events'
import { Agent } from 'node:http'
import { StreamsError } from '../../../lib/errors'
import { SchemaRegistry, type SchemaRegistryOptions } from '../../../lib/serdes/registry/schema-registry'
import { FakeSchemaRegistry } from '../../support/fake-schema-registry'

let http: FakeSchemaRegistry
beforeEach(async () => {
  http = await FakeSchemaRegistry.start()
})
afterEach(() => http.stop())

const registryWith = (options: Partial<SchemaRegistryOptions> = {}): SchemaRegistry =>
  new SchemaRegistry({ url: http.url, ...options })

const avro = (schema: string) => ({ schema, schemaType: 'AVRO', references: [] })

const failureOf = async (ask: Promise<unknown>): Promise<StreamsError> => {
  const failure: unknown = await ask.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(StreamsError)
  return failure as StreamsError
}

describe('failures of the registry', () => {
  it.each([
    [401, '{"error_code":401,"message":"Unauthorized"}', 'NOT_AUTHORIZED'],
    [403, '{"error_code":40301,"message":"denied"}', 'NOT_AUTHORIZED'],
    [500, '{"error_code":50001,"message":"store"}', 'SCHEMA_REGISTRY_UNAVAILABLE'],
    [503, '', 'SCHEMA_REGISTRY_UNAVAILABLE'],
    [429, '{"message":"slow down"}', 'SCHEMA_REGISTRY_UNAVAILABLE'],
    [404, '<html>no such route</html>', 'SCHEMA_REGISTRY_UNAVAILABLE'],
    [200, 'welcome', 'SCHEMA_REGISTRY_UNAVAILABLE'],
    [404, '{"error_code":40403,"message":"Schema not found"}', 'SCHEMA_NOT_FOUND'],
    [409, '{"error_code":409,"message":"incompatible"}', 'SCHEMA_REJECTED'],
    [422, '{"error_code":42201,"message":"invalid schema"}', 'SCHEMA_REJECTED'],
  ])('HTTP %i %s', async (status, body, code) => {
    http.failing = { status, body }
    const failure = await failureOf(registryWith().id('s', avro('"int"'), { register: true }))
    expect(failure).toMatchObject({ code })
    expect(failure.message).toContain(http.url)
    http.failing = undefined
    expect(await registryWith().id('s', avro('"int"'), { register: true })).toBe(1)
  })

  it('a registry that is down, and comes back', async () => {
    await http.stop()
    const registry = registryWith()
    expect(await failureOf(registry.schema(1))).toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' })
    await http.listen()
    http.add('s', 'int')
    expect(await registry.schema(1)).toMatchObject({ schema: '"int"', schemaType: 'AVRO' })
  })

  it('a registry that does not answer', async () => {
    http.add('s', 'int')
    http.held = new Promise(() => {})
    const failure = await failureOf(registryWith({ requestTimeout: 20 }).schema(1))
    expect(failure).toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' })
  })
})

describe('credentials', () => {
  it.each<[SchemaRegistryOptions['auth'], string]>([
    [{ username: 'a', password: 'b' }, `Basic ${Buffer.from('a:b').toString('base64')}`],
    [{ token: 'abc' }, 'Bearer abc'],
    [{ token: async () => 'later' }, 'Bearer later'],
  ])('%j', async (auth, header) => {
    await registryWith({ auth: auth! }).id('s', avro('"int"'), { register: true })
    expect(http.requests.at(-1)!.authorization).toBe(header)
  })

  it('headers and an agent', async () => {
    const agent = new Agent({ keepAlive: true })
    const freed = once(agent, 'free')
    await registryWith({ agent, headers: { authorization: 'Own' } }).id('s', avro('"int"'), { register: true })
    expect(http.requests.at(-1)!.authorization).toBe('Own')
    await freed
    agent.destroy()
  })
})

describe('mock://', () => {
  afterEach(() => SchemaRegistry.dropMock('scope'))

  it('is one registry for all of a scope', async () => {
    const first = new SchemaRegistry('mock://scope')
    const second = new SchemaRegistry('mock://scope')
    expect(await first.id('a', avro('"int"'), { register: true })).toBe(1)
    expect(await first.id('a', avro('"string"'), { register: true })).toBe(2)
    expect(await second.id('b', avro('"int"'), { register: true })).toBe(1)
    expect(await second.id('a', avro('"string"'), { register: false })).toBe(2)
    expect(second.known(2)).toMatchObject({ schema: '"string"' })
    expect(await second.latest('a')).toMatchObject({ id: 2, version: 2 })
    expect(await failureOf(second.id('b', avro('"string"'), { register: false }))).toMatchObject({
      code: 'SCHEMA_NOT_FOUND',
    })
    expect(new SchemaRegistry('mock://other').known(2)).toBeUndefined()
    SchemaRegistry.dropMock('scope')
    expect(new SchemaRegistry('mock://scope').known(2)).toBeUndefined()
  })
})

it('refuses a URL of another kind', () => {
  expect(() => new SchemaRegistry('localhost:8081')).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }))
})

it('passes over versions that were deleted', async () => {
  for (const schema of ['int', 'long', 'float', 'double']) http.add('s', schema)
  http.deleteVersion('s', 2)
  http.deleteVersion('s', 4)
  const registry = registryWith()
  await registry.loadVersions('s')
  expect([1, 2, 3, 4].filter((id) => registry.known(id))).toEqual([1, 3])
  await registry.loadVersions('none')
})
