/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KGroupedStream } from '../../lib/dsl/kgrouped-stream'
import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import * as serdes from '../../lib/serdes'

interface Order {
  customer: string | null
  amount: number
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const text = { key: serdes.string(), value: serdes.string() }
const orderTopic = { key: serdes.string(), value: serdes.json<Order>() }

// A stream's values are what its serde says: callbacks are given no tombstones.
const orders = builder.stream('orders', orderTopic)
same<typeof orders, KStream<string, Order>>()
orders.filter((order) => order.amount > 0)

// Where the topic has some, and they matter, the type says so, and a filter drops them.
const changes = builder.stream('changes', { ...orderTopic, nullable: true })
same<typeof changes, KStream<string, Order | null>>()
// @ts-expect-error 'order' is possibly 'null'
changes.filter((order) => order.amount > 0)
changes.filter((order) => order !== null && order.amount > 0)
const present = changes.filter((order) => order !== null)
same<typeof present, KStream<string, Order>>()

// Without a serde, and with one of nothing, null is in the type anyway.
same<ReturnType<typeof builder.stream<string, unknown>>, KStream<string, unknown>>()
const empty = builder.stream('empty', { key: serdes.string(), value: serdes.void() })
same<typeof empty, KStream<string, null>>()
// A serde of a type with null asks for the word.
const maybe = { key: serdes.string(), value: serdes.json<Order | null>() }
// @ts-expect-error Property 'nullable' is missing
builder.stream('maybe', maybe)
const said = builder.stream('maybe-said', { ...maybe, nullable: true })
same<typeof said, KStream<string, Order | null>>()

// A table's rows have values, and its stream has a null for each delete.
const table = builder.table('table', text)
table.mapValues((value) => value.length)
const updates = table.toStream()
same<typeof updates, KStream<string, string | null>>()
// @ts-expect-error 'value' is possibly 'null'
updates.mapValues((value) => value.length)
// @ts-expect-error 'value' is possibly 'null'
table.toStream((value) => value.length)
updates.to('updates')
updates.to('updates', text)

// Tables, joins and aggregations behind it see values only; so do keys that are grouped by.
const again = updates.toTable()
same<typeof again, KTable<string, string>>()
const grouped = updates.groupByKey()
same<typeof grouped, KGroupedStream<string, string | null>>()
grouped.reduce((longest, value) => (value.length > longest.length ? value : longest))
// windows take null values as any other
const perWindow = grouped.windowedBy(TimeWindows.of({ size: 1 }))
const add = (sum: number, value: string): number => sum + value.length
// @ts-expect-error Type 'null' is not assignable to type 'string'
perWindow.aggregate(() => 0, add)
const byCustomer = orders.groupBy((order) => order.customer, { key: serdes.string() })
same<typeof byCustomer, KGroupedStream<string, Order>>()
const joined = changes.join(table, (order, value) => order.amount + value.length)
same<typeof joined, KStream<string, number>>()
changes.leftJoin(table, (order, value) => order.amount + (value?.length ?? 0))

// What a mapper makes of a value may be null, and its type says so.
const customers = orders.mapValues((order) => order.customer, { value: serdes.string() })
same<typeof customers, KStream<string, string | null>>()
// A stream of values goes where one with nulls is asked for, not the other way round.
changes.merge(orders)
// @ts-expect-error is not assignable to parameter of type 'KStream<string, Order>'
orders.merge(changes)
