/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-unused-expressions -- only types are looked at */
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import * as serdes from '../../lib/serdes'
import { timestampedKeyValueStore } from '../../lib/state/stores'
import { wallclockTimestampExtractor } from '../../lib/topology/timestamp-extractors'

interface Order {
  id: string
  customerId: string
  amount: number
  status: 'open' | 'paid'
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const orders = builder.stream('orders', { key: serdes.string(), value: serdes.json<Order>() })

// Types come from the serdes.
same<typeof orders, KStream<string, Order>>()
const keyed = builder.stream('keyed', { key: serdes.long() })
same<typeof keyed, KStream<number, unknown>>()
const plain = builder.stream('plain')
same<typeof plain, KStream<string, unknown>>()
const customers = builder.table('customers', { value: serdes.json<{ name: string }>() }, 'customers-store')
same<typeof customers, KTable<string, { name: string }>>()

// @ts-expect-error Property 'x' does not exist on type 'Order'
orders.filter((order) => order.x > 0)
// @ts-expect-error 'value' is of type 'unknown'
plain.mapValues((value) => value.name)

// Operators carry them on.
const amounts = orders.map((order) => [order.customerId, order.amount])
same<typeof amounts, KStream<string, number>>()
const letters = orders.flatMapValues((order) => order.id)
same<typeof letters, KStream<string, string>>()
const byStatus = orders.selectKey((order) => order.status)
same<typeof byStatus, KStream<'open' | 'paid', Order>>()
const postings = orders.flatMap((order) => [[order.customerId, order.amount] as const])
same<typeof postings, KStream<string, number>>()
orders.filter((order, key, meta) => key.length > 0 && meta.offset > 0 && order.amount > 0)

// @ts-expect-error Argument of type 'KStream<string, number>' is not assignable to parameter of type 'KStream<string, Order>'
orders.merge(amounts)

// Sinks take serdes that can write what comes.
orders.to('out', { key: serdes.string(), value: serdes.json() })
byStatus.to('by-status', { key: serdes.string() })
amounts.to('amounts', { value: serdes.double() })
orders.mapValues((order) => (order.amount > 0 ? order.id : null)).to('ids', { value: serdes.string() })
// @ts-expect-error Type 'Order' is not assignable to type 'string'
orders.to('out', { value: serdes.string() })
// @ts-expect-error Type 'string' is not assignable to type 'number'
orders.to('out', { key: serdes.long() })
// @ts-expect-error is missing in type 'Order' but required in type '{ discount: number; }'
orders.to('out', { value: serdes.json<{ discount: number }>() })
orders.to((order, key) => `${key}-${order.status}`)
// @ts-expect-error Property 'kind' does not exist on type 'Order'
orders.to((order) => order.kind)

// Aggregations.
const counts = orders.groupBy((order) => order.customerId).count('counts')
same<typeof counts, KTable<string, number>>()
const spend = orders.groupByKey().aggregate(
  () => 0,
  (sum, order) => sum + order.amount,
  { store: 'spend', value: serdes.double() },
)
same<typeof spend, KTable<string, number>>()
const lists = orders.groupByKey().aggregate(
  () => [],
  (ids, order, key) => [...ids, order.id + key],
  { value: serdes.json<string[]>() },
)
same<typeof lists, KTable<string, string[]>>()
orders.groupByKey().aggregate(
  () => 0,
  (sum, order) => sum + order.amount,
  // @ts-expect-error Type 'Serde<string>' is not assignable to type 'Serde<number>'
  { value: serdes.string() },
)
// @ts-expect-error Type 'Serde<number>' is not assignable to type 'Serde<Order>'
orders.groupByKey().reduce((a) => a, { value: serdes.long() })
// @ts-expect-error Type 'Serde<number>' is not assignable to type 'SerdeThatWrites<string>'
orders.groupByKey({ key: serdes.long() })
const latest = timestampedKeyValueStore('latest', { key: serdes.string(), value: serdes.json<Order>() })
orders.groupByKey().reduce((_, order) => order, latest)
// @ts-expect-error 'KeyValueStoreHandle<string, Order,
orders.groupByKey().count(latest)

// Tables.
const names = customers.mapValues((customer) => customer.name)
same<typeof names, KTable<string, string>>()
const perName = names.groupBy((name, id) => [name, id]).count()
same<typeof perName, KTable<string, number>>()
const changes = names.toStream((_name, id) => id.length)
same<typeof changes, KStream<number, string | null>>()
// @ts-expect-error Type 'Serde<string>' is not assignable to type 'Serde<number>'
counts.filter((count) => count > 1, { value: serdes.string() })

// The streams of a split are known by name.
const split = orders
  .split('size-')
  .branch((order) => order.amount > 1000, 'large')
  .branch((order) => order.amount > 100, { name: 'medium', with: (stream) => stream.mapValues((order) => order.id) })
  .branch((order) => order.amount > 50, { name: 'sunk', with: (stream) => stream.to('fifty') })
  .defaultBranch('small')
same<(typeof split)['size-large'], KStream<string, Order>>()
same<(typeof split)['size-medium'], KStream<string, string>>()
same<(typeof split)['size-small'], KStream<string, Order>>()
// @ts-expect-error Property 'size-sunk' does not exist on type
split['size-sunk']
// @ts-expect-error Property 'size-huge' does not exist on type
split['size-huge']

// A timestamp extractor gets the types of its source; a tombstone has no value.
builder.stream('timed', {
  key: serdes.string(),
  value: serdes.json<{ at: number }>(),
  timestampExtractor: ({ key, value, timestamp }) => {
    same<typeof key, string | null>()
    same<typeof value, { at: number } | null>()
    return value?.at ?? timestamp
  },
})
builder.table('timed-table', {
  value: serdes.json<{ at: number }>(),
  // @ts-expect-error 'value' is possibly 'null'
  timestampExtractor: ({ value }) => value.at,
})
builder.stream('timed-numbers', {
  value: serdes.double(),
  // @ts-expect-error Property 'at' does not exist on type 'number'
  timestampExtractor: ({ value, timestamp }) => value?.at ?? timestamp,
})
const clocked = builder.stream('clocked', { value: serdes.double(), timestampExtractor: wallclockTimestampExtractor })
same<typeof clocked, KStream<string, number>>()
