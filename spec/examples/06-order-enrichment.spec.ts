import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import {
  type Coupon,
  type Customer,
  type EnrichedOrder,
  type Order,
  orderEnrichment,
  type Product,
} from '../../examples/06-order-enrichment/topology'

let driver: TopologyTestDriver
beforeEach(async () => {
  driver = new TopologyTestDriver(orderEnrichment())
  await topic<Customer>('customers').pipe('c1', { name: 'Ann', city: 'Porto' })
  await topic<Product>('products').pipe('tea', { title: 'Tea', price: 4 })
})
afterEach(() => driver.close())

const topic = <V>(name: string) => driver.inputTopic(name, { key: serdes.string(), value: serdes.json<V>() })
const output = () =>
  driver.outputTopic('enriched-orders', { key: serdes.string(), value: serdes.json<EnrichedOrder>() })
const order: Order = { customerId: 'c1', productId: 'tea', quantity: 3 }
const enriched: EnrichedOrder = { customer: 'Ann', city: 'Porto', product: 'Tea', quantity: 3, sum: 12 }

test('06-order-enrichment puts customer, product and coupon together', async () => {
  await topic<Coupon>('coupons').pipe('SPRING', { percent: 25 })
  await topic<Order>('orders').pipe('o1', order)
  await topic<Order>('orders').pipe('o2', { ...order, coupon: 'SPRING' })
  await topic<Order>('orders').pipe('o3', { ...order, coupon: 'EXPIRED' })
  expect(Object.fromEntries(output().readKeyValuesToMap())).toEqual({
    o1: enriched,
    o2: { ...enriched, sum: 9 },
    o3: enriched,
  })
})

test('06-order-enrichment waits for customers and products, in any order', async () => {
  await topic<Order>('orders').pipe('o1', { ...order, customerId: 'c2', productId: 'rum' })
  await topic<Product>('products').pipe('rum', { title: 'Rum', price: 20 })
  expect(output().isEmpty).toBe(true)
  await topic<Customer>('customers').pipe('c2', { name: 'Bo', city: 'Oslo' })
  expect(output().readKeyValues()).toEqual([
    ['o1', { customer: 'Bo', city: 'Oslo', product: 'Rum', quantity: 3, sum: 60 }],
  ])
})

test('06-order-enrichment follows changes and deletes of what an order names', async () => {
  await topic<Order>('orders').pipe('o1', order)
  await topic<Order>('orders').pipe('o2', { ...order, quantity: 1 })
  output().readRecords()
  await topic<Customer>('customers').pipe('c1', { name: 'Ann', city: 'Faro' })
  expect(output().readKeyValues()).toEqual([
    ['o1', { ...enriched, city: 'Faro' }],
    ['o2', { ...enriched, city: 'Faro', quantity: 1, sum: 4 }],
  ])
  await topic<Order>('orders').pipe('o1', null)
  expect(output().readKeyValues()).toEqual([['o1', null]])
  await topic<Product>('products').pipe('tea', null)
  expect(output().readKeyValues()).toEqual([['o2', null]])
})
