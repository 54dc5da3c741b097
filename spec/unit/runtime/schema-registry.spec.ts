import { setTimeout } from 'node:timers/promises'
import type { StreamsConfig } from '../../../lib/config/config'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { logAndContinue } from '../../../lib/handlers'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import { SchemaRegistry } from '../../../lib/serdes/registry/schema-registry'
import type { Topology } from '../../../lib/topology/topology'
import { EmbeddedApps } from '../../support/embedded-apps'
import { FakeSchemaRegistry } from '../../support/fake-schema-registry'
import { recordingLogger } from './processing/processing-under-test'

const order = { type: 'record', name: 'Order', fields: [{ name: 'amount', type: 'int' }] } as const
const orderV2 = {
  ...order,
  fields: [...order.fields, { name: 'note', type: 'string', default: '-' }],
} as const
const text = { key: serdes.string(), value: serdes.string() }

let http: FakeSchemaRegistry
let apps: EmbeddedApps
let logger: ReturnType<typeof recordingLogger>

beforeEach(async () => {
  http = await FakeSchemaRegistry.start()
  apps = new EmbeddedApps({ in: 1, plain: 1, out: 1 })
  logger = recordingLogger()
})

afterEach(async () => {
  await apps.close()
  await http.stop()
})

const create = (topology: Topology, config: Partial<StreamsConfig> = {}): KafkaStreams =>
  apps.create(topology, { logger, ...config })

const values = async (count: number): Promise<string[]> => {
  const found: string[] = []
  for await (const { value } of apps.kafka.subscribe('out', text)) {
    found.push(value!)
    if (found.length === count) break
  }
  return found
}

const newRegistry = (): SchemaRegistry => new SchemaRegistry({ url: http.url, missingSchemaTtl: 0 })

/** Amounts of Avro orders, and what comes in by another topic, as text. */
const amounts = (registry = newRegistry()): Topology => {
  const builder = new StreamsBuilder()
  const orders = builder.stream('in', { key: serdes.string(), value: serdes.avro({ registry, schema: order }) })
  orders.mapValues(({ amount }) => String(amount)).to('out', text)
  builder.stream('plain', text).to('out', text)
  return builder.build()
}

/** A record with a schema that the application has not met. */
const produceOrder = async (amount: number, schema: typeof order | typeof orderV2 = order): Promise<void> => {
  const serde = serdes.avro({ registry: new SchemaRegistry(http.url), schema })
  await apps.kafka.produce('in', [{ key: 'k', value: { amount, note: '' } }], { key: serdes.string(), value: serde })
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await setTimeout(5)
}

describe('a registry that is down', () => {
  it('at the start is waited for, saying so, before outputs and stores are written', async () => {
    const value = serdes.avro({ registry: newRegistry(), schema: order })
    const builder = new StreamsBuilder()
    builder
      .stream('plain', text)
      .mapValues((amount) => ({ amount: Number(amount) }))
      .to('out', { value })
    await http.stop()
    const streams = create(builder.build())
    let running = false
    const started = streams.start().then(() => (running = true))
    await apps.kafka.produce('plain', [{ value: '1' }, { value: '2' }])
    const warned = () =>
      logger.entries.find(({ message }) => message.includes('could not prepare the serde of out yet'))
    await until(() => warned() !== undefined)
    expect(warned()!.fields['err']).toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' })
    expect(running).toBe(false)
    expect(streams.state).toBe('REBALANCING')
    await http.listen()
    await started
    const records: unknown[] = []
    for await (const record of apps.kafka.subscribe('out', { value })) if (records.push(record.value) === 2) break
    expect(records).toEqual([{ amount: 1 }, { amount: 2 }])
  })

  it('in the middle holds back the partition whose schema is unknown, and no other task', async () => {
    const streams = create(amounts())
    await streams.start()
    await produceOrder(1)
    expect(await values(1)).toEqual(['1'])
    await produceOrder(2, orderV2)
    await http.stop()
    await apps.kafka.produce('plain', [{ value: 'other' }])
    expect((await values(2)).at(-1)).toBe('other')
    expect(streams.state).toBe('RUNNING')
    await http.listen()
    expect((await values(3)).at(-1)).toBe('2')
    expect(logger.entries.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('is no hindrance to closing', async () => {
    const streams = create(amounts())
    await streams.start()
    await produceOrder(1)
    await values(1)
    await produceOrder(2, orderV2)
    await http.stop()
    await apps.kafka.produce('plain', [{ value: 'other' }])
    expect(await streams.close()).toBe(true)
  })
})

describe('what the registry answers', () => {
  it.each([401, 403])('HTTP %i ends the application with a clear error', async (status) => {
    http.failing = { status, body: '{"error_code":1,"message":"who are you"}' }
    const value = serdes.avro({ registry: newRegistry(), schema: order })
    const builder = new StreamsBuilder()
    builder.stream('in', { value }).to('out', { value })
    const streams = create(builder.build())
    await expect(streams.start()).rejects.toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: expect.stringMatching(/who are you.*`auth` option of SchemaRegistry/) as string,
    })
    expect(streams.state).toBe('ERROR')
  })

  it('a refused schema ends the application before it starts', async () => {
    http.incompatible.add('out-value')
    const value = serdes.avro({ registry: newRegistry(), schema: order })
    const builder = new StreamsBuilder()
    builder.stream('in', { value }).to('out', { value })
    await expect(create(builder.build()).start()).rejects.toMatchObject({ code: 'SCHEMA_REJECTED' })
  })

  const unknown = async (): Promise<void> => {
    const bytes = serdes.bytes()
    await apps.kafka.produce('in', [{ value: Buffer.from('00000000630a', 'hex') }], { value: bytes })
    await produceOrder(5)
  }

  it('an unknown id is for the deserialization handler to decide', async () => {
    await unknown()
    const streams = create(amounts(), { deserializationExceptionHandler: logAndContinue() })
    await streams.start()
    expect(await values(1)).toEqual(['5'])
    const dropped = logger.entries.find(({ message }) => message.includes('failed on the record of in-0'))
    expect(dropped!.fields['err']).toMatchObject({
      message: expect.stringMatching(/does not have schema 99.*"in-value"/),
    })
  })

  it('an unknown id ends the application without a handler, with the place of the record', async () => {
    await unknown()
    const streams = create(amounts())
    const failed = new Promise((resolve) => streams.on('error', resolve))
    await streams.start().catch(() => {})
    expect(await failed).toMatchObject({
      code: 'DESERIALIZATION_FAILED',
      message: expect.stringMatching(/offset 0 of in-0.*schema 99.*"in-value"/) as string,
    })
  })
})

describe('a store with values of earlier schemas', () => {
  const latest = (
    schema: typeof order | typeof orderV2,
    onOld: (old: unknown) => void,
    subject?: () => string,
  ): Topology => {
    const value = serdes.avro({ registry: newRegistry(), schema, ...(subject && { subject }) })
    const builder = new StreamsBuilder()
    builder
      .stream('plain', text)
      .groupByKey(text)
      .aggregate(
        () => ({ amount: 0, note: '' }),
        (old, amount) => {
          onOld(old)
          return { amount: Number(amount), note: 'new' }
        },
        { store: 'latest', value: value as never, key: serdes.string() },
      )
      .toStream()
      .mapValues((order) => JSON.stringify(order))
      .to('out', text)
    return builder.build()
  }

  it.each(['local', 'restored'])('is read by the new one (%s)', async (state) => {
    const olds: unknown[] = []
    const first = create(latest(order, () => {}))
    await first.start()
    await apps.kafka.produce('plain', [{ key: 'k', value: '1' }])
    await values(1)
    await first.close()
    const stateDir = apps.stateDir(state === 'local' ? 'a' : 'b')
    const second = create(
      latest(orderV2, (old) => olds.push(old)),
      { stateDir },
    )
    await second.start()
    await apps.kafka.produce('plain', [{ key: 'k', value: '2' }])
    expect((await values(2)).at(-1)).toBe('{"amount":2,"note":"new"}')
    expect(olds).toEqual([{ amount: 1, note: '-' }])
  })

  it('also where they are found out only while processing: the task restarts once', async () => {
    const olds: unknown[] = []
    const first = create(
      latest(
        order,
        () => {},
        () => 'a',
      ),
    )
    await first.start()
    await apps.kafka.produce('plain', [{ key: 'k', value: '1' }])
    await values(1)
    await first.close()
    // another subject does not lead to the old version
    const second = create(
      latest(
        orderV2,
        (old) => olds.push(old),
        () => 'b',
      ),
    )
    await second.start()
    await apps.kafka.produce('plain', [{ key: 'k', value: '2' }])
    expect((await values(2)).at(-1)).toBe('{"amount":2,"note":"new"}')
    expect(olds).toEqual([{ amount: 1, note: '-' }])
    expect(logger.entries.filter(({ message }) => /restarts? from (its|the) last commit/.test(message))).toHaveLength(1)
  })
})
