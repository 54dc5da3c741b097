import { serdes, StreamsBuilder } from 'millrace'

interface Order {
  customerId: string
  amount: number
}

interface Customer {
  name: string
}

// Adds the customer's name, as it is when the order arrives.
const builder = new StreamsBuilder()
const customers = builder.table('customers', { key: serdes.string(), value: serdes.json<Customer>() }, 'customers')
builder
  .stream('orders', { key: serdes.string(), value: serdes.json<Order>() })
  .selectKey((order) => order.customerId)
  .leftJoin(customers, (order, customer) => ({ ...order, name: customer?.name ?? 'unknown' }))
  .to('orders-enriched')

export const topology = builder.build()
