import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamsConfig } from '../../lib/config/config'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { connect } from '../../lib/kafka/client'
import { type KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import * as serdes from '../../lib/serdes'
import { prepared } from '../../lib/serdes/missing-dependency'
import { SchemaRegistry } from '../../lib/serdes/registry/schema-registry'
import type { Serde } from '../../lib/serdes/serde'
import { FakeSchemaRegistry } from '../support/fake-schema-registry'
import { describeWithKafka } from '../support/kafka-broker'
import { NO_HEADERS } from '../../lib/record/headers'

const order = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'customer', type: 'string' },
    { name: 'amount', type: 'int' },
  ],
} as const
const orderV2 = { ...order, fields: [...order.fields, { name: 'note', type: 'string', default: '' }] } as const
const total = { type: 'record', name: 'Total', fields: [{ name: 'amount', type: 'long' }] } as const

describeWithKafka('Avro on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  const name = `avro-${Math.random().toString(36).slice(2, 8)}`
  const [input, output] = [`${name}-orders`, `${name}-totals`]
  let http: FakeSchemaRegistry
  let client: KafkaClient
  let folder: string
  const made: KafkaStreams[] = []

  beforeAll(async () => {
    http = await FakeSchemaRegistry.start()
    folder = mkdtempSync(join(tmpdir(), 'millrace-avro-'))
    client = connect(kafka, { clientId: name, logger: silentLogger })
    const admin = client.admin()
    await admin.createTopics([input, output].map((topic) => ({ topic, partitions: 2 })))
    await admin.close()
  })

  afterAll(async () => {
    await Promise.all(made.map((streams) => streams.close()))
    await client?.close()
    await http?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const produce = async <T>(serde: Serde<T>, values: readonly T[]): Promise<void> => {
    const producer = client.producer({ lingerMs: 0 })
    await producer.init()
    await producer.loadTopics([input])
    for (const [i, value] of values.entries()) {
      const bytes = await prepared(() => serde.serialize(input, value, NO_HEADERS))
      producer.append(input, i % 2, null, bytes, Date.now(), NO_HEADERS)
    }
    await producer.flush()
    await producer.close()
  }

  /** The last total of each customer, once they are as expected. */
  const untilTotals = async (expected: Record<string, number>): Promise<void> => {
    const registry = new SchemaRegistry(http.url)
    const [key, value] = [
      serdes.avro({ registry, schema: 'string', key: true }),
      serdes.avro({ registry, schema: total }),
    ]
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    for (const partition of [0, 1]) fetcher.assign(output, partition, 0)
    const totals: Record<string, number> = {}
    while (!Object.entries(expected).every(([customer, amount]) => totals[customer] === amount)) {
      for (const fetched of await fetcher.poll(1000)) {
        const cursor = fetched.records()
        while (cursor.advance()) {
          const [keyBytes, valueBytes] = [cursor.key!, cursor.value!]
          const customer = await prepared(() => key.deserialize(output, keyBytes, NO_HEADERS))
          totals[customer] = (await prepared(() => value.deserialize(output, valueBytes, NO_HEADERS))).amount
        }
      }
    }
    await fetcher.close()
    expect(totals).toEqual(expected)
  }

  const start = async (stateDir: string, config: Partial<StreamsConfig> = {}): Promise<KafkaStreams> => {
    const registry = new SchemaRegistry(http.url)
    const key = serdes.avro({ registry, schema: 'string', key: true })
    const orders = serdes.avro({ registry, schema: order })
    const sums = serdes.avro({ registry, schema: total })
    const builder = new StreamsBuilder()
    builder
      .stream(input, { key, value: orders })
      .groupBy(({ customer }) => customer, { key, value: orders })
      .aggregate(
        () => ({ amount: 0 }),
        (sum, { amount }) => ({ amount: sum.amount + amount }),
        { store: 'totals', key, value: sums },
      )
      .toStream()
      .to(output, { key, value: sums })
    const streams = new KafkaStreams(builder.build(), {
      applicationId: name,
      kafka,
      stateDir: join(folder, stateDir),
      commitInterval: 100,
      logger: silentLogger,
      ...config,
    })
    made.push(streams)
    await streams.start()
    return streams
  }

  it.each(['at_least_once', 'exactly_once'] as const)(
    'sums, while the registry comes and goes (%s)',
    async (guarantee) => {
      const config = { processingGuarantee: guarantee }
      const base = guarantee === 'at_least_once' ? 0 : 15
      const first = await start(`a-${guarantee}`, config)
      const own = serdes.avro({ registry: new SchemaRegistry(http.url), schema: order })
      await produce(own, [
        { customer: 'a', amount: 1 },
        { customer: 'b', amount: 2 },
        { customer: 'a', amount: 3 },
      ])
      await untilTotals({ a: base + 4, b: base + 2 })

      // a schema that the application has not met, and no registry to ask
      const newer = serdes.avro({ registry: new SchemaRegistry(http.url), schema: { ...orderV2, doc: guarantee } })
      await newer.prepare!(input, 'sink')
      await http.stop()
      await produce(newer, [
        { customer: 'b', amount: 8, note: 'new' },
        { customer: 'a', amount: 6, note: 'new' },
      ])
      expect(first.state).toBe('RUNNING')
      await http.listen()
      await untilTotals({ a: base + 10, b: base + 10 })
      expect(await first.close()).toBe(true)

      // restored from the changelog
      await start(`b-${guarantee}`, config).then(async (second) => {
        await produce(own, [
          { customer: 'a', amount: 5 },
          { customer: 'b', amount: 5 },
        ])
        await untilTotals({ a: base + 15, b: base + 15 })
        expect(await second.close()).toBe(true)
      })
      expect(http.schemas(`${name}-totals-changelog-value`)).toEqual([total])
    },
  )
})
