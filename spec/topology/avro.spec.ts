import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { JoinWindows, TimeWindows, untilWindowCloses } from '../../lib'
import { logAndContinue } from '../../lib/handlers'
import { silentLogger } from '../../lib/observe/logger'
import * as serdes from '../../lib/serdes'
import { SchemaRegistry } from '../../lib/serdes/registry/schema-registry'
import { TopologyTestDriver } from '../../lib/testing'
import { FakeSchemaRegistry } from '../support/fake-schema-registry'
import { NO_HEADERS } from '../../lib/record/headers'

const order = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'customer', type: 'string' },
    { name: 'amount', type: 'int' },
  ],
} as const
const total = { type: 'record', name: 'Total', fields: [{ name: 'amount', type: 'int' }] } as const

const totals = (registry: SchemaRegistry) => {
  const key = serdes.avro({ registry, schema: 'string', key: true })
  const orders = serdes.avro({ registry, schema: order })
  const sums = serdes.avro({ registry, schema: total })
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key, value: orders })
    .groupBy((order) => order.customer, { key, value: orders })
    .aggregate(
      () => ({ amount: 0 }),
      (sum, { amount }) => ({ amount: sum.amount + amount }),
      { store: 'totals', key, value: sums },
    )
    .toStream()
    .to('totals', { key, value: sums })
  return { topology: builder.build(), key, orders, sums }
}

describe.each(['mock', 'http'] as const)('Avro with a %s registry', (kind) => {
  let http: FakeSchemaRegistry
  let registry: SchemaRegistry
  beforeEach(async () => {
    http = await FakeSchemaRegistry.start()
    registry = new SchemaRegistry(kind === 'mock' ? 'mock://avro-spec' : http.url)
  })
  afterEach(async () => {
    SchemaRegistry.dropMock('avro-spec')
    await http.stop()
  })

  it('goes through sources, repartition topics, stores, changelogs and sinks', async () => {
    const { topology, key, orders, sums } = totals(registry)
    const driver = new TopologyTestDriver(topology, {
      applicationId: 'app',
      logger: silentLogger,
      statestoreCacheMaxBytes: 0,
    })
    const input = driver.inputTopic('orders', { key, value: orders })
    await input.pipe('1', { customer: 'a', amount: 2 })
    await input.pipe(null, { customer: 'a', amount: 3 })
    expect(driver.outputTopic('totals', { key, value: sums }).readKeyValues()).toEqual([
      ['a', { amount: 2 }],
      ['a', { amount: 5 }],
    ])
    const changelog = driver.outputTopic('app-totals-changelog', { key, value: sums })
    expect(changelog.readValues()).toEqual([{ amount: 2 }, { amount: 5 }])
    await driver.close()
    for (const subject of ['orders-key', 'app-totals-repartition-value', 'app-totals-changelog-key', 'totals-value']) {
      expect(await registry.latest(subject)).toMatchObject({ version: 1 })
    }
  })

  it('keeps tombstones', async () => {
    const values = serdes.avro({ registry, schema: total })
    const builder = new StreamsBuilder()
    builder.table('in', { value: values }, 'store').toStream().to('out', { value: values })
    const driver = new TopologyTestDriver(builder.build(), { logger: silentLogger, statestoreCacheMaxBytes: 0 })
    const input = driver.inputTopic('in', { value: values })
    await input.pipe('k', { amount: 1 })
    await input.pipe('k', null)
    expect(driver.outputTopic('out', { value: values }).readValues()).toEqual([{ amount: 1 }, null])
    expect(driver.produced().map(({ topic, value }) => `${topic} ${value?.length ?? null}`)).toEqual([
      'test-driver-store-changelog 6',
      'out 6',
      'test-driver-store-changelog null',
      'out null',
    ])
    await driver.close()
  })

  it('reads records of another application', async () => {
    const { topology, key, orders } = totals(registry)
    const theirs = new SchemaRegistry(registry.url)
    const newer = { ...order, fields: [...order.fields, { name: 'note', type: 'string', default: '' }] } as const
    const writer = serdes.avro({ registry: theirs, schema: newer })
    await writer.prepare!('orders', 'sink')
    const driver = new TopologyTestDriver(topology, { logger: silentLogger })
    const value = writer.serialize('orders', { customer: 'x', amount: 1, note: 'hi' }, NO_HEADERS)
    await driver.pipeRaw({ topic: 'orders', key: null, value })
    const [record] = driver.produced().filter(({ topic }) => topic === 'totals')
    expect(key.deserialize('totals', record!.key!, NO_HEADERS)).toBe('x')
    expect(orders.deserialize('orders', value!, NO_HEADERS)).toEqual({ customer: 'x', amount: 1 })
    await driver.close()
  })

  it('goes through joins, windows and suppress', async () => {
    const key = serdes.avro({ registry, schema: 'string', key: true })
    const values = serdes.avro({ registry, schema: total })
    const builder = new StreamsBuilder()
    const left = builder.table('left', { key, value: values }, { store: 'lefts' })
    const right = builder.table('right', { key, value: values }, { store: 'rights' })
    const add = (a: { amount: number }, b: { amount: number }) => ({ amount: a.amount + b.amount })
    left
      .join(right, ({ amount }) => String(amount), add, { store: 'by-foreign-key', key, value: values })
      .toStream()
      .to('foreign', { key, value: values })
    left.join(right, add, { store: 'by-key', key, value: values }).toStream().to('joined', { key, value: values })
    const stream = builder.stream('stream', { key, value: values })
    stream
      .join(builder.stream('other', { key, value: values }), add, JoinWindows.of({ timeDifference: 10 }), {
        key,
        value: values,
        otherValue: values,
      })
      .to('pairs', { key, value: values })
    stream
      .groupByKey({ key, value: values })
      .windowedBy(TimeWindows.of({ size: 10 }))
      .reduce(add, { store: 'windows', key, value: values })
      .suppress(untilWindowCloses())
      .toStream()
      .to('closed', { key: serdes.timeWindowed(key, 10), value: values })
    const driver = new TopologyTestDriver(builder.build(), { logger: silentLogger, statestoreCacheMaxBytes: 0 })
    const pipe = (topic: string, k: string, amount: number, time: number): Promise<void> =>
      driver.inputTopic(topic, { key, value: values }).pipe(k, { amount }, time)
    await pipe('right', '1', 10, 0)
    await pipe('left', '1', 1, 0)
    await pipe('stream', 'a', 2, 0)
    await pipe('other', 'a', 3, 5)
    await pipe('stream', 'a', 4, 20)
    const out = (topic: string) => driver.outputTopic(topic, { key, value: values }).readKeyValues()
    expect(out('foreign')).toEqual([['1', { amount: 11 }]])
    expect(out('joined')).toEqual([['1', { amount: 11 }]])
    expect(out('pairs')).toEqual([['a', { amount: 5 }]])
    const closed = driver.outputTopic('closed', { key: serdes.timeWindowed(key, 10), value: values })
    expect(closed.readValues()).toEqual([{ amount: 2 }])
    await driver.close()
  })

  it('takes a topic chosen per record', async () => {
    const values = serdes.avro({ registry, schema: total })
    const builder = new StreamsBuilder()
    builder.stream('in', { value: values }).to(({ amount }) => `out-${amount}`, { value: values })
    const driver = new TopologyTestDriver(builder.build(), { logger: silentLogger })
    const input = driver.inputTopic('in', { value: values })
    for (const amount of [1, 2, 1]) await input.pipe('k', { amount })
    expect(driver.outputTopic('out-1', { value: values }).readValues()).toEqual([{ amount: 1 }, { amount: 1 }])
    expect(driver.outputTopic('out-2', { value: values }).readValues()).toEqual([{ amount: 2 }])
    await driver.close()
  })
})

it('hands records with damaged counts to the error handler, and continues with the next one', async () => {
  const lists = serdes.avroBytes({ type: 'array', items: 'null' })
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: serdes.string(), value: lists })
    .mapValues((list) => `${list.length}`)
    .to('out', { key: serdes.string(), value: serdes.string() })
  const driver = new TopologyTestDriver(builder.build(), {
    logger: silentLogger,
    deserializationExceptionHandler: logAndContinue(),
  })
  for (const value of ['8080808080808001', 'ffffffffffffff0100', '', '0400'])
    await driver.pipeRaw({ topic: 'in', key: null, value: Buffer.from(value, 'hex') })
  expect(driver.outputTopic('out', { value: serdes.string() }).readValues()).toEqual(['2'])
  expect(driver.recordCounts().dropped).toBe(3)
  await driver.close()
})

it('is no promise for who does not use it', () => {
  expect(serdes.string().prepare).toBeUndefined()
  expect(serdes.list(serdes.string()).prepare).toBeUndefined()
})
