/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import type { GlobalKTable } from '../../lib/dsl/global-ktable'
import type { KStream } from '../../lib/dsl/kstream'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import * as serdes from '../../lib/serdes'
import { windowStore } from '../../lib/state/window/window-stores'

interface Order {
  customerId: string
  amount: number
}
interface Customer {
  name: string
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const orders = builder.stream('orders', { key: serdes.string(), value: serdes.json<Order>() })
const payments = builder.stream('payments', { key: serdes.string(), value: serdes.double() })
const byNumber = builder.stream('by-number', { key: serdes.long(), value: serdes.string() })
const customers = builder.table('customers', { key: serdes.string(), value: serdes.json<Customer>() })
const rates = builder.globalTable('rates', { key: serdes.long(), value: serdes.double() })
const window = JoinWindows.of({ timeDifference: '1m' })

same<typeof rates, GlobalKTable<number, number>>()

// A table's row is there in an inner join, and may be missing in a left one.
const joined = orders.join(customers, (order, customer, key) => `${key} ${customer.name} ${order.amount}`)
same<typeof joined, KStream<string, string>>()
orders.leftJoin(customers, (order, customer) => ({ ...order, name: customer?.name }))
// @ts-expect-error 'customer' is possibly 'null'
orders.leftJoin(customers, (order, customer) => customer.name)
// @ts-expect-error Property 'phone' does not exist on type 'Customer'
orders.join(customers, (order, customer) => customer.phone)
// @ts-expect-error Argument of type 'KTable<string, Customer>' is not assignable to parameter of type 'KTable<number, Customer>'
byNumber.join(customers, (_text, customer) => customer.name)

// Of two streams.
const pairs = orders.join(payments, (order, paid) => order.amount - paid, window)
same<typeof pairs, KStream<string, number>>()
orders.leftJoin(payments, (order, paid) => order.amount - (paid ?? 0), window)
// @ts-expect-error 'order' is possibly 'null'
orders.outerJoin(payments, (order, paid) => order.amount, window)
// @ts-expect-error Expected 3-4 arguments, but got 2
orders.outerJoin(payments, (order, paid) => paid)
// @ts-expect-error Argument of type 'KStream<number, string>' is not assignable to parameter of type 'KStream<string, string>'
orders.join(byNumber, (_order, text) => text, window)
orders.join(payments, (_order, paid) => paid, window, {
  store: 'paid',
  key: serdes.string(),
  otherValue: serdes.double(),
})
// @ts-expect-error Type 'string' is not assignable to type 'number'
orders.join(payments, (_order, paid) => paid, window, { otherValue: serdes.string() })

// A global table by any key.
const converted = orders.join(
  rates,
  (order) => order.amount,
  (order, rate) => order.amount * rate,
)
same<typeof converted, KStream<string, number>>()
orders.leftJoin(
  rates,
  (order) => order.amount,
  (_order, rate) => rate ?? 0,
)
const customerOf = (order: Order): string => order.customerId
// @ts-expect-error Type 'string' is not assignable to type 'number'
orders.join(rates, customerOf, (_order, rate) => rate)

// The stores of a join have the types of its sides.
const twice = { windowSize: '2m', retention: '2m', retainDuplicates: true } as const
const ordersKept = windowStore<string, Order>('orders-kept', twice)
const paid = (order: Order, payment: number): boolean => order.amount === payment
orders.join(payments, paid, window, { thisStore: ordersKept })
// @ts-expect-error is not assignable to type 'string | WindowStoreHandle<string, number, WindowStore<string, number>>
orders.join(payments, paid, window, { otherStore: ordersKept })
