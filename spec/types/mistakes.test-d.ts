/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import type { StreamsConfig } from '../../lib/config/config'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { untilWindowCloses } from '../../lib/dsl/suppressed'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { Processor } from '../../lib/operators/processor'
import type { StreamRecord } from '../../lib/record/stream-record'
import type { Windowed } from '../../lib/record/windowed'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import * as serdes from '../../lib/serdes'
import { sessionStore } from '../../lib/state/session/session-stores'
import { keyValueStore, timestampedKeyValueStore } from '../../lib/state/stores'
import { windowStore } from '../../lib/state/window/window-stores'

/** What newcomers get wrong, and what the compiler tells them. */
interface Order {
  id: string
  customerId: string
  amount: number
}
interface Customer {
  name: string
}

const builder = new StreamsBuilder()
const orders = builder.stream('orders', { key: serdes.string(), value: serdes.json<Order>() })
const payments = builder.stream('payments', { key: serdes.string(), value: serdes.double() })
const customers = builder.table('customers', { key: serdes.string(), value: serdes.json<Customer>() })
const numbered = builder.table('numbered', { key: serdes.long(), value: serdes.json<Customer>() })
const rates = builder.globalTable('rates', { key: serdes.string(), value: serdes.double() })
const counts = orders.groupByKey().count()
const perHour = orders.groupByKey().windowedBy(TimeWindows.of({ size: '1h' }))
const perVisit = orders.groupByKey().windowedBy(SessionWindows.of({ inactivityGap: '30m' }))
const number = { key: serdes.string(), value: serdes.long(), retention: '1d' } as const
const numbersPerHour = windowStore('numbers-per-hour', { ...number, windowSize: '1h' })
const numbersPerVisit = sessionStore('numbers-per-visit', number)
const texts = keyValueStore('texts', { key: serdes.string(), value: serdes.string() })

// A serde of another type.
// @ts-expect-error Type 'Serde<string>' is not assignable to type 'SerdeThatWrites<Order>'
orders.to('out', { value: serdes.string() })
// @ts-expect-error Type 'Serde<string>' is not assignable to type 'SerdeThatWrites<Windowed<string>>'
perHour.count().toStream().to('out', { key: serdes.string() })
// @ts-expect-error Type 'Serde<string>' is not assignable to type 'SerdeThatWrites<number>'
orders.map((order) => [order.amount, order]).groupByKey({ key: serdes.string() })
// @ts-expect-error Type '() => Serde<string>' is not assignable to type 'SerdeThatWrites<Order>'
orders.to('out', { value: serdes.string })

// Tables and streams of other keys: of tables the error says only which.
const all = (order: unknown): unknown => order
const nameOf = (customer: Customer): string => customer.name
// @ts-expect-error Argument of type 'KTable<number, Customer>' is not assignable to parameter of type 'KTable<string, Customer>'. Type 'number' is not assignable to type 'string'.
orders.join(numbered, all)
// @ts-expect-error parameter of type 'KTable<Windowed<string>, Customer>'. Type 'string' is not assignable to type 'Windowed<string>'.
perHour.count().toStream().join(customers, all)
// @ts-expect-error parameter of type 'KTable<string, Customer>'. Type 'number' is not assignable to type 'string'. Overload 2 of 2
customers.join(numbered, nameOf, all)
// @ts-expect-error Argument of type 'KStream<string, number>' is not assignable to parameter of type 'KStream<string, Order>'
orders.merge(payments)
const byAmount = orders.groupBy((order) => order.amount).cogroup<number>((sum) => sum)
// @ts-expect-error 'KGroupedStream<string, number>' is not assignable to parameter of type 'KGroupedStream<number, number>'
byAmount.cogroup(payments.groupByKey(), (sum) => sum)

// An argument is missing or too much.
// @ts-expect-error Argument of type 'KStream<string, number>' is not assignable to parameter of type 'KTable<string, unknown>'
orders.join(payments, all)
// @ts-expect-error Argument of type 'GlobalKTable<string, number>' is not assignable to parameter of type 'KTable<string, unknown>'
orders.join(rates, all)
// @ts-expect-error 'timeDifference' does not exist in type 'JoinWindows'
orders.join(payments, all, { timeDifference: '1m' })
// @ts-expect-error Target signature provides too few arguments. Expected 4 or more, but got 3
orders.join(customers, (order: Order, customer: Customer, key: string, more: string) => more)
const first = (): number => 0
const add = (sum: number, order: Order): number => sum + order.amount
// @ts-expect-error Expected 3-4 arguments, but got 2
perVisit.aggregate(first, add)
// @ts-expect-error Type 'string' is not assignable to type 'readonly [unknown, unknown]'
customers.groupBy((customer) => customer.name)
// @ts-expect-error Property 'amount' does not exist on type 'string'
orders.filter((key, order) => order.amount > 1)

// A handle of a store of another type or kind.
// @ts-expect-error 'KeyValueStoreHandle<string, string, KeyValueStore<string, string>>' is not assignable to type 'KeyValueStoreHandle<string, number, KeyValueStore<string, number> | TimestampedKeyValueStore<string, number>>'. Type 'string' is not assignable to type 'number'.
orders.groupByKey().count(texts)
// @ts-expect-error 'KeyValueStoreHandle<string, string, KeyValueStore<string, string>>' but required in type 'WindowStoreHandle<string, number, StateStore>'
perHour.count(texts)

// @ts-expect-error 'WindowStoreHandle<string, number, WindowStore<string, number>>' is not assignable
orders.groupByKey().count(numbersPerHour)
// @ts-expect-error 'SessionStoreHandle<string, number>' is not assignable
orders.groupByKey().count({ store: numbersPerVisit })
// @ts-expect-error 'WindowStoreHandle<string, number, WindowStore<string, number>>' is not assignable
builder.table('numbers', { key: serdes.string(), value: serdes.long() }, numbersPerHour)
orders.groupByKey().count(timestampedKeyValueStore('numbers', { key: serdes.string(), value: serdes.long() }))

// Options and config keys that don't exist.
// @ts-expect-error 'keySerde' does not exist in type 'Produced<string, Order>'
orders.to('out', { keySerde: serdes.string() })
// @ts-expect-error 'valueSerde' does not exist in type 'StreamConsumed<string, unknown>'
builder.stream('in', { valueSerde: serdes.string() })
// @ts-expect-error Type '"5 minutes"' is not assignable to type 'Duration'
TimeWindows.of({ size: '5 minutes' })
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'JoinWindowsOptions'
JoinWindows.of('1m')
const connection = { applicationId: 'app', kafka: { brokers: ['localhost:9092'] } }
// @ts-expect-error Did you mean to write 'commitInterval'?
const misspelt: StreamsConfig = { ...connection, commitIntervalMs: 100 }
// @ts-expect-error Did you mean '"exactly_once"'?
const ofJava: StreamsConfig = { ...connection, processingGuarantee: 'exactly_once_v2' }
// @ts-expect-error Argument of type 'StreamsBuilder' is not assignable to parameter of type 'Topology'
const unbuilt = (): KafkaStreams => new KafkaStreams(builder, connection)

// A windowed key that only looks like one.
// @ts-expect-error Property 'madeByNew' is missing in type '{ key: string; window: { start: number; end: number; }; }'
const lookalike: Windowed<string> = { key: 'a', window: { start: 0, end: 10 } }

// A table without windows; deletes that a table may have.
// @ts-expect-error Type 'string' is not assignable to type 'Windowed<unknown>'
counts.suppress(untilWindowCloses())
// @ts-expect-error 'count' is possibly 'null'
counts.toStream().filter((count) => count > 10)

// Processors.
class OfNumbers implements Processor<string, number> {
  process(_record: StreamRecord<string, number>): void {}
}
// @ts-expect-error Type 'Order' is not assignable to type 'number'
orders.process(() => new OfNumbers())
// @ts-expect-error Type 'typeof OfNumbers' provides no match for the signature '(): Processor<string, Order
orders.process(OfNumbers)
