import {
  type DeserializationExceptionHandler,
  SchemaRegistry,
  SchemaViolation,
  type Serde,
  serdes,
  StreamsBuilder,
} from 'millrace'
import { type ProducedRecord, TopologyTestDriver } from 'millrace/testing'
import { silentLogger } from '../../lib/observe/logger'
import { FakeSchemaRegistry } from '../support/fake-schema-registry'

interface Order {
  customer: string
  amount: number
}

const FORMATS: Record<string, (registry: SchemaRegistry) => { order: Serde<Order>; total: Serde<{ amount: number }> }> =
  {
    Protobuf: (registry) => {
      const schema = `
      syntax = "proto3";
      message Order { string customer = 1; int32 amount = 2; }
      message Total { int64 amount = 1; }`
      return {
        order: serdes.protobuf<Order>({ registry, schema }),
        total: serdes.protobuf<{ amount: number }>({ registry, schema, message: 'Total' }),
      }
    },
    'JSON Schema': (registry) => {
      const amount = { type: 'integer', minimum: 0 }
      return {
        order: serdes.jsonSchema<Order>({ registry, schema: { properties: { customer: { type: 'string' }, amount } } }),
        total: serdes.jsonSchema<{ amount: number }>({ registry, schema: { properties: { amount } } }),
      }
    },
  }

describe.each(Object.entries(FORMATS))('%s with a registry', (_name, format) => {
  let http: FakeSchemaRegistry
  beforeEach(async () => (http = await FakeSchemaRegistry.start()))
  afterEach(() => http.stop())

  const totals = () => {
    const { order, total } = format(new SchemaRegistry(http.url))
    const key = serdes.string()
    const builder = new StreamsBuilder()
    builder
      .stream('orders', { key, value: order })
      .groupBy(({ customer }) => customer, { key, value: order })
      .aggregate(
        () => ({ amount: 0 }),
        (sum, { amount }) => ({ amount: sum.amount + amount }),
        {
          store: 'totals',
          key,
          value: total,
        },
      )
      .toStream()
      .to('totals', { key, value: total })
    return { topology: builder.build(), order, total }
  }

  const run = async (changelogs: readonly ProducedRecord[]) => {
    const { topology, order, total } = totals()
    const driver = new TopologyTestDriver(topology, { changelogs })
    const orders = driver.inputTopic('orders', { value: order })
    await orders.pipeValues([
      { customer: 'ann', amount: 1 },
      { customer: 'ann', amount: 2 },
    ])
    const produced = driver.produced()
    const values = driver.outputTopic('totals', { value: total }).readValues()
    await driver.close()
    return { produced, values }
  }

  test('goes through sources, repartition topics, stores, changelogs, a restart and sinks', async () => {
    const first = await run([])
    expect(first.values).toEqual([{ amount: 1 }, { amount: 3 }])
    for (const { value } of first.produced) expect(value![0]).toBe(0)
    // nothing is known to this one but the registry
    expect((await run(first.produced)).values).toEqual([{ amount: 4 }, { amount: 6 }])
  })
})

test('a handler gets the issues of a value that its schema refuses', async () => {
  const registry = new SchemaRegistry('mock://registry-formats')
  const schema = { properties: { items: { items: { properties: { price: { type: 'number' } } } } } }
  const refused: unknown[] = []
  const handler: DeserializationExceptionHandler = (error) => {
    if (error instanceof SchemaViolation) refused.push(...error.issues)
    return 'continue'
  }
  const builder = new StreamsBuilder()
  builder.stream('orders', { value: serdes.jsonSchema<object>({ registry, schema }) }).to('out')
  const driver = new TopologyTestDriver(builder.build(), {
    deserializationExceptionHandler: handler,
    logger: silentLogger,
  })
  const unchecked = serdes.jsonSchema<object>({ registry, schema, validateWrites: false })
  await driver.inputTopic('orders', { value: unchecked }).pipe('o', { items: [{ price: 1 }, { price: 'two' }] })
  expect(refused).toEqual([{ path: ['items', 1, 'price'], message: expect.stringMatching(/be number/) as string }])
  await driver.close()
  SchemaRegistry.dropMock('registry-formats')
})
