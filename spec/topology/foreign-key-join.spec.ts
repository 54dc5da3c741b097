import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import * as serdes from '../../lib/serdes'
import type { Serde } from '../../lib/serdes/serde'
import { drive, headers, text } from './drive'

interface Order {
  customer: string | null
  item: string
}
const orderSerdes = { key: serdes.string(), value: serdes.json<Order>() }
const pair = (order: Order, customer: string | null): string => `${order.item} for ${customer}`

const driveJoin = (kind: 'join' | 'leftJoin', config = {}) => {
  const driven = drive((b) => {
    const orders = b.table('orders', orderSerdes)
    const customers = b.table('customers', text)
    const customerOf = (order: Order): string | null => order.customer
    const joined =
      kind === 'join' ? orders.join(customers, customerOf, pair) : orders.leftJoin(customers, customerOf, pair)
    joined.toStream().to('out', text)
  }, config)
  const orders = driven.driver.inputTopic('orders', orderSerdes)
  const customers = driven.driver.inputTopic('customers', text)
  return { ...driven, orders, customers }
}

describe('a join by a foreign key', () => {
  it('inner: follows the updates of both sides, and the move of a row from one key to another', async () => {
    const { orders, customers, out } = driveJoin('join')
    await orders.pipe('1', { customer: 'c', item: 'tea' }, 10)
    expect(out()).toEqual([])
    await customers.pipe('c', 'Carol', { timestamp: 5, headers: headers('h') })
    await orders.pipe('2', { customer: 'c', item: 'jam' }, 11)
    await customers.pipe('c', 'Cathy', 12)
    expect(out()).toEqual(['1=tea for Carol@5 h', '2=jam for Carol@11', '1=tea for Cathy@12', '2=jam for Cathy@12'])
    await orders.pipe('1', { customer: 'nobody', item: 'tea' }, 13)
    await orders.pipe('2', null, 14)
    await customers.pipe('c', null, 15)
    expect(out()).toEqual(['1=null@13', '2=null@14'])
  })

  it('inner: a row without a foreign key has no result, and is counted', async () => {
    const { orders, customers, out, driver } = driveJoin('join')
    await customers.pipe('c', 'Carol', 1)
    await orders.pipe('1', { customer: 'c', item: 'tea' }, 2)
    await orders.pipe('1', { customer: null, item: 'tea' }, 3)
    expect(out()).toEqual(['1=tea for Carol@2', '1=null@3'])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('left: a row has a result also without a partner, and without a foreign key', async () => {
    const { orders, customers, out } = driveJoin('leftJoin')
    await orders.pipe('1', { customer: 'c', item: 'tea' }, 1)
    await orders.pipe('2', { customer: null, item: 'jam' }, 2)
    await customers.pipe('c', 'Carol', 3)
    await customers.pipe('c', null, 4)
    await orders.pipe('1', null, 5)
    expect(out()).toEqual(['1=tea for null@1', '2=jam for null@2', '1=tea for Carol@3', '1=tea for null@4', '1=null@5'])
  })

  it('with a record cache has the same last results', async () => {
    const { orders, customers, out } = driveJoin('join', { statestoreCacheMaxBytes: 1 << 20 })
    await orders.pipe('1', { customer: 'c', item: 'tea' }, 1)
    await customers.pipe('c', 'Carol', 2)
    expect(out()).toEqual(['1=tea for Carol@2'])
  })

  it('of windows has results for windows', async () => {
    const { driver, input } = drive((b) => {
      b.stream('in', text)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .reduce((_, value) => value)
        .leftJoin(
          b.table('customers', text),
          (customer) => customer,
          (customer, name) => `${customer} ${name}`,
        )
        .toStream()
        .to('out', { value: text.value })
    })
    await input.pipe('k', 'c', 1)
    await driver.inputTopic('customers', text).pipe('c', 'Carol', 5)
    await input.pipe('k', 'd', 2)
    await input.pipe('k', 'c', 12)
    const out = driver.outputTopic('out', { key: serdes.timeWindowed(serdes.string(), 10), value: serdes.string() })
    expect(
      out.readRecords().map(({ key, value, timestamp }) => [key!.key, key!.window.start, value, timestamp]),
    ).toEqual([
      ['k', 0, 'c null', 1],
      ['k', 0, 'c Carol', 5],
      ['k', 0, 'd null', 2],
      ['k', 10, 'c Carol', 12],
    ])
  })

  it('counts the answer for a row that has changed since as dropped, as Kafka Streams does, and does not warn of it', async () => {
    const logged: string[] = []
    const log = (level: string) => (_: object, message: string) => void logged.push(`${level} ${message}`)
    const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
    const { driver, out } = drive(
      (b) => {
        const orders = b
          .stream('orders', orderSerdes)
          .flatMapValues((order) => [order, { ...order, item: 'jam' }], { value: orderSerdes.value })
          .toTable(orderSerdes)
        const customers = b.table('customers', text)
        orders
          .join(customers, (order) => order.customer, pair)
          .toStream()
          .to('out', text)
      },
      { logger },
    )
    await driver.inputTopic('customers', text).pipe('c', 'Carol', 1)
    await driver.inputTopic('orders', orderSerdes).pipe('1', { customer: 'c', item: 'tea' }, 2)
    expect(out()).toEqual(['1=jam for Carol@2'])
    expect(driver.recordCounts().dropped).toBe(1)
    expect(logged.filter((line) => line.includes('dropped the record'))).toEqual([
      expect.stringMatching(
        /^debug .*RESPONSE-RESOLVER.* the row has changed since this answer was asked for/,
      ) as string,
    ])
  })

  it.each([
    ['join', 'inner: the result stays, as Kafka Streams leaves it', ['1=tea for Carol@2']],
    ['leftJoin', 'left: the last change is answered', ['1=tea for Carol@2', '1=jam for null@3']],
  ] as const)('%s, of a row that loses its match and changes again before the answer: %s', async (kind, _, results) => {
    const { driver, out } = drive((b) => {
      const orders = b
        .stream('orders', orderSerdes)
        .flatMapValues((order) => (order.customer === null ? [order, { ...order, item: 'jam' }] : [order]), {
          value: orderSerdes.value,
        })
        .toTable(orderSerdes)
      const customers = b.table('customers', text)
      const customerOf = (order: Order): string | null => order.customer
      const joined =
        kind === 'join' ? orders.join(customers, customerOf, pair) : orders.leftJoin(customers, customerOf, pair)
      joined.toStream().to('out', text)
    })
    const orders = driver.inputTopic('orders', orderSerdes)
    await driver.inputTopic('customers', text).pipe('c', 'Carol', 1)
    await orders.pipe('1', { customer: 'c', item: 'tea' }, 2)
    await orders.pipe('1', { customer: null, item: 'tea' }, 3)
    expect(out()).toEqual(results)
  })

  it('follows the right table for a left row whose bytes a new version changes once it is written again, as in Kafka Streams', async () => {
    const build = (value: Serde<Order>) => (b: StreamsBuilder) =>
      b
        .table('orders', { key: serdes.string(), value })
        .join(b.table('customers', text), (order) => order.customer, pair)
        .toStream()
        .to('out', text)
    const before = drive(build(orderSerdes.value))
    await before.driver.inputTopic('customers', text).pipe('c', 'Carol', 1)
    await before.driver.inputTopic('orders', orderSerdes).pipe('1', { customer: 'c', item: 'tea' }, 2)
    const changelogs = before.driver.produced()
    await before.driver.close()

    const json = orderSerdes.value
    const withDefault: Serde<Order> = {
      serialize: (topic, order, headers) => json.serialize(topic, order, headers),
      deserialize: (topic, bytes, headers) => ({ ...json.deserialize(topic, bytes, headers), paid: false }) as Order,
    }
    const { driver, out } = drive(build(withDefault), { changelogs })
    const customers = driver.inputTopic('customers', text)
    await customers.pipe('c', 'Cathy', 3)
    expect(out()).toEqual([])
    await driver.inputTopic('orders', orderSerdes).pipe('1', { customer: 'c', item: 'tea' }, 4)
    await customers.pipe('c', 'Kate', 5)
    expect(out()).toEqual(['1=tea for Cathy@4', '1=tea for Kate@5'])
  })

  it('is named throughout by one name, with a store for the result', () => {
    const builder = new StreamsBuilder()
    const orders = builder.table('orders', orderSerdes, 'orders')
    const customers = builder.table('customers', text, 'customers')
    orders.join(customers, (order) => order.customer, pair, { name: 'enrich', store: 'enriched' })
    const names = [
      ...builder.build().definition.nodes.map(({ name }) => name),
      ...builder.build().definition.stores.keys(),
    ]
    expect(names.filter((name) => /\d{10}/.test(name) && !name.startsWith('K'))).toEqual([])
    expect(names).toEqual(
      expect.arrayContaining([
        'enrich-subscription-registration-processor',
        'enrich-subscription-response-source',
        'enrich-subscription-store',
        'enrich-result',
        'enriched',
      ]),
    )
  })

  it('takes the partitions that its partitioners choose, one each', async () => {
    const driven = (partitions: number[]) => {
      const driven = drive(
        (b) => {
          const orders = b.table('orders', orderSerdes)
          orders
            .leftJoin(b.table('customers', text), (order) => order.customer, pair, {
              name: 'fk',
              partitioner: () => 2,
              otherPartitioner: (_topic, key) => (key === null ? undefined : partitions),
            })
            .toStream()
            .to('out', text)
        },
        { partitions: { 'app-fk-subscription-registration-topic': 4, 'app-fk-subscription-response-topic': 4 } },
      )
      return { ...driven, orders: driven.driver.inputTopic('orders', orderSerdes) }
    }
    const one = driven([3])
    await one.orders.pipe('1', { customer: 'c', item: 'tea' }, 1)
    const chosen = one.driver
      .produced()
      .flatMap(({ topic, partition }) => (/-topic$/.test(topic) ? [[topic, partition]] : []))
    expect(chosen).toEqual([
      ['app-fk-subscription-registration-topic', 3],
      ['app-fk-subscription-response-topic', 2],
    ])
    const two = driven([1, 3])
    await expect(two.orders.pipe('1', { customer: 'c', item: 'tea' }, 1)).rejects.toThrow('chose 2 partitions')
  })

  it('needs equal partition counts only between each topic of its own and its table', () => {
    const builder = new StreamsBuilder()
    builder
      .table('orders', orderSerdes)
      .join(builder.table('customers', text), (order) => order.customer, pair, { name: 'fk' })
    const { definition } = builder.build()
    const topics = new Map(
      definition.nodes.flatMap((node) =>
        node.kind === 'source' ? [[node.name, node.topics as string[]] as const] : [],
      ),
    )
    expect(
      definition.copartitionGroups.map(({ sources }) => sources.flatMap((source) => topics.get(source)).sort()),
    ).toEqual([
      ['customers', 'fk-subscription-registration-topic'],
      ['fk-subscription-response-topic', 'orders'],
    ])
  })
})
