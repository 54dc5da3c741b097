import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { connect } from '../../lib/kafka/client'
import { partitionFor } from '../../lib/bytes/murmur2'
import { type KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import * as serdes from '../../lib/serdes'
import type { Serde } from '../../lib/serdes/serde'
import { bundled } from '../support/bundled'
import { describeWithKafka, freePort } from '../support/kafka-broker'
import { App } from '../support/process'
import { NO_HEADERS } from '../../lib/record/headers'

/** In all keys: the topics have the names that the examples give them. */
const run = Math.random().toString(36).slice(2, 8)
const HOUR = 60 * 60 * 1000
const MINUTE = 60 * 1000
/** Lately, so that the broker keeps the records. */
const START = Math.floor(Date.now() / HOUR) * HOUR - 3 * HOUR
const iso = (time: number): string => new Date(time).toISOString()

interface Scenario {
  readonly example: string
  /** Text or JSON, by the topic. */
  readonly inputs: readonly (readonly [topic: string, key: string, value: unknown, timestamp?: number])[]
  readonly output: string
  readonly key?: Serde<unknown>
  readonly value?: Serde<unknown>
  /** Only of this run, as text; the last value of each. */
  readonly expected: Readonly<Record<string, unknown>>
  /** It ends by itself. */
  readonly bounded?: boolean
}

const repeated = <T>(times: number, make: (index: number) => T): T[] => Array.from({ length: times }, (_, i) => make(i))

const order = { customerId: `ann-${run}`, productId: `tea-${run}`, quantity: 3, coupon: `SPRING-${run}` }
const enriched = { customer: 'Ann', city: 'Porto', product: 'Tea', quantity: 3, sum: 9 }
const sale = (product: string, quantity: number): unknown => ({ product: `${product}-${run}`, category: run, quantity })
const payment = { id: `p1-${run}`, account: run, amount: 5 }
const readings = [
  { celsius: 20, measuredAt: iso(START) },
  { celsius: 24, measuredAt: iso(START + 80_000) },
  { celsius: 30, measuredAt: iso(START + 50_000) },
]

const SCENARIOS: readonly Scenario[] = [
  {
    example: '01-word-count',
    inputs: [
      ['lines', run, `to${run} be${run}`],
      ['lines', run, `to${run}`],
    ],
    output: 'word-counts',
    value: serdes.long(),
    expected: { [`to${run}`]: 2, [`be${run}`]: 1 },
  },
  {
    example: '02-page-views-per-region',
    inputs: [
      ['users', `ann-${run}`, { name: 'Ann', region: `europe-${run}` }, START],
      ['page-views', `ann-${run}`, { page: '/' }, START + 1],
      ['page-views', `ann-${run}`, { page: '/cart' }, START + 2],
    ],
    output: 'page-views-per-region',
    expected: { [`europe-${run}`]: { region: `europe-${run}`, hour: iso(START), views: 2 } },
  },
  {
    example: '03-fraud-detection',
    inputs: ['PT', 'ES', 'BR'].map((country, i) => ['card-payments', run, { amount: 10, country }, START + i * MINUTE]),
    output: 'fraud-alerts',
    key: serdes.sessionWindowed(serdes.string()),
    expected: {
      [`[${run}@${START}/${START + 2 * MINUTE}]`]: {
        payments: 3,
        total: 30,
        largest: 10,
        countries: ['PT', 'ES', 'BR'],
      },
    },
  },
  {
    example: '04-top-n',
    inputs: [sale('apple', 4), sale('pear', 3), sale('plum', 2), sale('fig', 1), sale('apple', -4)].map((value, i) => [
      'sales',
      run,
      value,
      START + i,
    ]),
    output: 'top-products',
    expected: {
      [run]: [
        { product: `pear-${run}`, sold: 3 },
        { product: `plum-${run}`, sold: 2 },
        { product: `fig-${run}`, sold: 1 },
      ],
    },
  },
  {
    example: '05-deduplication',
    inputs: [
      ['payment-requests', 'terminal', payment, START],
      ['payment-requests', 'terminal', { ...payment, amount: 6 }, START + 1],
    ],
    output: 'payments',
    expected: { [run]: payment },
  },
  {
    example: '06-order-enrichment',
    inputs: [
      ['customers', `ann-${run}`, { name: 'Ann', city: 'Porto' }, START],
      ['products', `tea-${run}`, { title: 'Tea', price: 4 }, START],
      ['coupons', `SPRING-${run}`, { percent: 25 }, START],
      ['orders', `o1-${run}`, order, START],
    ],
    output: 'enriched-orders',
    expected: { [`o1-${run}`]: enriched },
  },
  {
    example: '07-sensor-averages',
    inputs: readings.map((reading) => ['sensor-readings', run, reading, START]),
    output: 'sensor-averages',
    expected: { [run]: { minute: iso(START), celsius: 25, readings: 2 } },
  },
  {
    example: '08-anomaly-detection',
    inputs: [5, 5, 5, 5, 5, 50, 0, 1].flatMap((requests, minute) =>
      repeated(requests, (i) => ['requests', run, { path: '/' }, START + minute * MINUTE + i] as const),
    ),
    output: 'anomalies',
    expected: { [run]: { minute: iso(START + 5 * MINUTE), requests: 50, expected: 5 } },
  },
  {
    example: '09-state-machine',
    inputs: ['placed', 'paid', 'shipped', 'placed'].map((event, i) => ['order-events', run, event, START + i]),
    output: 'order-states',
    expected: { [run]: { state: 'shipped', since: START + 2 } },
  },
  {
    example: '10-state-engine',
    inputs: [10, 5, -3].map((amount, i) => ['bookings', run, amount, START + i]),
    output: 'balances',
    expected: { [run]: 12 },
  },
  {
    example: '11-async-enrichment',
    inputs: ['Rua A', 'Rua das Flores 1'].map((street, i) => ['addresses', run, { street, city: 'Porto' }, START + i]),
    output: 'located-addresses',
    expected: { [run]: { street: 'Rua das Flores 1', city: 'Porto', latitude: 16, longitude: 5 } },
  },
  {
    example: '12-queries',
    inputs: ['home', 'cart', 'home'].map((page, i) => ['visits', run, `${page}-${run}`, START + i]),
    output: 'page-visits',
    value: serdes.long(),
    expected: { [`home-${run}`]: 2, [`cart-${run}`]: 1 },
  },
  {
    example: '13-metrics',
    inputs: ['north', 'south', 'north'].map((shop) => [
      'checkouts',
      run,
      { shop: `${shop}-${run}`, seconds: 5 },
      START,
    ]),
    output: 'shop-checkouts',
    value: serdes.long(),
    expected: { [`north-${run}`]: 2, [`south-${run}`]: 1 },
  },
  {
    example: '14-backfill',
    inputs: [3, 4, 5].map((amount) => ['shop-sales', `s${amount}`, { shop: `porto-${run}`, amount }, START]),
    output: 'revenue-per-day',
    expected: { [`porto-${run}`]: { day: iso(START).slice(0, 10), amount: 12 } },
    bounded: true,
  },
  {
    example: '15-windowed-reduce',
    inputs: [0, 12_000, 10 * MINUTE].map((later) => ['posts', run, `hello${run}`, START + later]),
    output: 'trending-words',
    expected: { [`hello${run}`]: { from: iso(START + 10_000), count: 1 } },
  },
]

const PARTITIONS = 2

describeWithKafka('the examples on a real broker', (bootstrapServers) => {
  const apps = new Map<string, App>()
  let folder: string
  let client: KafkaClient
  let queryPort: number
  let metricsPort: number
  /** What this run has made, and deletes. */
  let ours: string[] = []

  // All of them at once; the tests only look on.
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-examples-'))
    client = connect({ brokers: bootstrapServers.split(',') }, { clientId: `examples-${run}`, logger: silentLogger })
    await createTopics()
    await feed()
    queryPort = await freePort()
    metricsPort = await freePort()
    for (const { example } of SCENARIOS) apps.set(example, start(example))
    apps.set('00-quick-start', start('00-quick-start'))
  })

  afterAll(async () => {
    await Promise.all([...apps.values()].filter((app) => app.running).map((app) => app.kill()))
    const admin = client.admin()
    await admin.deleteTopics(ours)
    await admin.close()
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const createTopics = async (): Promise<void> => {
    const topics = new Set(SCENARIOS.flatMap(({ inputs, output }) => [...inputs.map(([topic]) => topic), output]))
    topics.add('order-violations').add('addresses-not-located')
    const admin = client.admin()
    const created = await admin.createTopics([...topics].map((topic) => ({ topic, partitions: PARTITIONS })))
    await admin.close()
    const others = [...created].flatMap(([topic, outcome]) => (outcome === 'created' ? [] : [topic]))
    ours = [...created.keys()].filter((topic) => !others.includes(topic))
    // Later records in them would make those of the scenarios late.
    if (others.length > 0)
      throw new Error(`the topics of the examples have to be new, and there are: ${others.join(', ')}`)
  }

  const feed = async (): Promise<void> => {
    const inputs = SCENARIOS.flatMap((scenario) => scenario.inputs)
    const producer = client.producer({ lingerMs: 5 })
    await producer.init()
    await producer.loadTopics([...new Set(inputs.map(([topic]) => topic))])
    for (const [topic, name, content, timestamp = START] of inputs) {
      const key = Buffer.from(name)
      const value = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
      producer.append(topic, partitionFor(key, producer.partitionCount(topic)!), key, value, timestamp, NO_HEADERS)
    }
    await producer.flush()
    await producer.close()
  }

  const start = (example: string): App =>
    new App(bundled(resolve(__dirname, '../../examples', example, 'index.ts')), {
      env: {
        KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
        APPLICATION_ID: `${example}-${run}`,
        STATE_DIR: join(folder, example),
        QUERY_PORT: String(queryPort),
        METRICS_PORT: String(metricsPort),
        WAREHOUSE_DIR: join(folder, 'warehouse'),
      },
    })

  /** The last value of each of the run's keys, once they are as expected; as they are when the test's time is nearly over, else. */
  const results = async ({
    example,
    output,
    key,
    value,
    expected,
    bounded = false,
  }: Scenario): Promise<Record<string, unknown>> => {
    const keySerde = key ?? serdes.string()
    const valueSerde = value ?? serdes.json()
    const found: Record<string, unknown> = {}
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    const deadline = performance.now() + 240_000
    try {
      for (let partition = 0; partition < PARTITIONS; partition++) fetcher.assign(output, partition, 0)
      const mayWrite = (): boolean => bounded || apps.get(example)!.running
      while (!isDeepStrictEqual(found, expected) && performance.now() < deadline && mayWrite()) {
        for (const fetched of await fetcher.poll(200)) {
          if (fetched.error) continue
          const cursor = fetched.records()
          while (cursor.advance()) {
            const name = String(keySerde.deserialize(output, cursor.key!, NO_HEADERS))
            if (name.includes(run)) {
              found[name] = cursor.value && valueSerde.deserialize(output, cursor.value, NO_HEADERS)
            }
          }
        }
      }
      return found
    } finally {
      await fetcher.close()
    }
  }

  it.each(SCENARIOS)('$example', async (scenario) => {
    const app = apps.get(scenario.example)!
    if (scenario.bounded) expect(await app.end()).toBe(0)
    const found = await results(scenario)
    expect({ found, output: app.output }).toEqual({ found: scenario.expected, output: app.output })
    if (scenario.bounded) {
      expect(app.output).toContain('100 %')
      return
    }
    expect(await app.stop()).toBe(0)
    expect(app.output).toContain('PENDING_SHUTDOWN -> NOT_RUNNING')
  })

  it('00-quick-start', async () => {
    const app = apps.get('00-quick-start')!
    app.write('to be or not to be\n')
    app.endInput()
    expect(await app.end()).toBe(0)
    expect(app.output).toMatch(/be +2 .*\n.*to +2 /)
    expect(app.output).toContain('1 lines, 6 words, 4 different')
  })
})
