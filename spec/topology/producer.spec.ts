import { serdes, StreamsBuilder } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'

const totals = () => {
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: serdes.string(), value: serdes.double() })
    .groupByKey()
    .reduce((sum, amount) => sum + amount)
    .toStream()
    .to('totals', { key: serdes.string(), value: serdes.double() })
  return builder.build()
}

let driver: TopologyTestDriver
beforeEach(() => (driver = new TopologyTestDriver(totals(), { initialWallClockTime: 7 })))
afterEach(() => driver.close())

const readTotals = () => driver.outputTopic('totals', { value: serdes.double() }).readKeyValues()

test("the driver's producer pipes what it sends with the topology's serdes", async () => {
  const producer = driver.producer()
  expect(await producer.send('orders', 'a', 2)).toEqual({ topic: 'orders', partition: 0, offset: 0, timestamp: 7 })
  expect(await producer.send('orders', 'a', 3, { timestamp: 5 })).toMatchObject({ offset: 1, timestamp: 5 })
  expect(readTotals()).toEqual([
    ['a', 2],
    ['a', 5],
  ])
})

test("what the driver's producer writes to a topic that is not read can be read by the test", async () => {
  const producer = driver.producer({ topics: { audit: { value: serdes.string() } } })
  await producer.send('audit', 'a', 'ordered', { headers: { user: 'u' } })
  const audit = driver.outputTopic('audit', { value: serdes.string() })
  expect(audit.readRecord()).toEqual({
    key: 'a',
    value: 'ordered',
    timestamp: 7,
    headers: [['user', Buffer.from('u')]],
  })
})

test("a transaction of the driver's producer is piped as a whole, or not at all", async () => {
  const producer = driver.producer()
  await producer.transaction(async (tx) => {
    await tx.send('orders', 'a', 1)
    expect(readTotals()).toEqual([])
    void tx.send('orders', 'a', 2)
  })
  expect(readTotals()).toEqual([
    ['a', 1],
    ['a', 3],
  ])
  const failed = producer.transaction(async (tx) => {
    await tx.send('orders', 'a', 10)
    throw new Error('out of stock')
  })
  await expect(failed).rejects.toThrow('out of stock')
  expect(readTotals()).toEqual([])
  expect(await producer.send('orders', 'a', 1)).toMatchObject({ offset: 3 })
})

test("the driver's producer refuses what a producer refuses", async () => {
  const producer = driver.producer()
  await expect(producer.send('order', 'a', 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(producer.send('orders', 'a', 'two')).rejects.toMatchObject({ code: 'SERIALIZATION_FAILED' })
  await expect(producer.transaction(async (tx) => void tx.send('orders', 'a', 'two'))).rejects.toMatchObject({
    code: 'SERIALIZATION_FAILED',
  })
  const tx = await producer.transaction(async (ended) => ended)
  await expect(tx.send('orders', 'a', 1)).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
})
