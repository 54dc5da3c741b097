/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import type { KGroupedTable } from '../../lib/dsl/kgrouped-table'
import type { FinalKTable } from '../../lib/dsl/final-ktable'
import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { untilTimeLimit, untilWindowCloses } from '../../lib/dsl/suppressed'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { ValueTransformer } from '../../lib/operators/value-transformer'
import * as serdes from '../../lib/serdes'
import { keyValueStore } from '../../lib/state/stores'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import type { Windowed } from '../../lib/record/windowed'

interface Order {
  id: string
  customerId: number
  coupon?: string
  amount: number
}
interface Customer {
  name: string
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const orders = builder.table('orders', { key: serdes.string(), value: serdes.json<Order>() })
const notes = builder.table('notes', { key: serdes.string(), value: serdes.string() })
const customers = builder.table('customers', { key: serdes.long(), value: serdes.json<Customer>() })
const coupons = builder.table('coupons', { key: serdes.string(), value: serdes.double() })

// Joins by key: in an inner join both rows are there, in the others one may be missing.
const noted = orders.join(notes, (order, note, key) => ({ id: order.id, length: note.length + key.length }))
same<typeof noted, KTable<string, { id: string; length: number }>>()
const maybe = orders.leftJoin(notes, (order, note) => note ?? order.id, { store: 'maybe', value: serdes.string() })
same<typeof maybe, KTable<string, string>>()
const either = orders.outerJoin(notes, (order, note) => (order === null ? note : order.id))
same<typeof either, KTable<string, string>>()
// @ts-expect-error 'note' is possibly 'null'
orders.leftJoin(notes, (order, note) => note.length)
// @ts-expect-error 'order' is possibly 'null'
orders.outerJoin(notes, (order) => order.id)
// @ts-expect-error Type 'number' is not assignable to type 'string'
orders.join(customers, (order, customer) => customer.name)
// @ts-expect-error Type 'Serde<number>' is not assignable to type 'Serde<string>'
orders.join(notes, (order, note) => note, { value: serdes.long() })

// Joins by a foreign key: it has the type of the other table's key.
const named = orders.join(
  customers,
  (order) => order.customerId,
  (order, customer, key) => `${key} ${order.amount} ${customer.name}`,
)
same<typeof named, KTable<string, string>>()
const reduced = orders.leftJoin(
  coupons,
  (order) => order.coupon,
  (order, discount) => order.amount - (discount ?? 0),
  { name: 'reduce', store: 'reduced', value: serdes.double() },
)
same<typeof reduced, KTable<string, number>>()
const idOf = (order: Order) => order.id
const couponOf = (order: Order) => order.coupon
// @ts-expect-error Type 'string' is not assignable to type 'number'
orders.join(customers, idOf, () => 0)
// @ts-expect-error 'discount' is possibly 'null'
orders.leftJoin(coupons, couponOf, (order, discount) => order.amount - discount)
orders.leftJoin(coupons, couponOf, (order) => order, {
  partitioner: (_topic, key) => key.length,
  otherPartitioner: (_topic, key) => key.length,
})

// Transformers.
class Sum implements ValueTransformer<string, Order, number> {
  transform(order: Order | null, key: string): number | null {
    return order === null ? null : order.amount + key.length
  }
}
const sums = orders.transformValues(() => new Sum(), { store: 'sums', stores: ['other'] })
same<typeof sums, KTable<string, number>>()
// @ts-expect-error Type 'Sum' is not assignable to type 'ValueTransformer<string, string, number>'
notes.transformValues(() => new Sum())
orders.transformValues(() => ({
  init: (context) => {
    // @ts-expect-error Property 'forward' does not exist
    context.forward(null)
  },
  transform: (order) => order,
}))

// Suppression: only windowed keys have windows that close.
same<ReturnType<typeof notes.suppress>, KTable<string, string>>()
notes.suppress(untilTimeLimit('10s', { maxRecords: 10, onFull: 'shutDown' }))
const windowed = builder
  .stream('in', { key: serdes.string(), value: serdes.string() })
  .groupByKey()
  .windowedBy(TimeWindows.of({ size: '5m' }))
  .count()
same<typeof windowed, KTable<Windowed<string>, number>>()
const final = windowed.suppress(untilWindowCloses())
same<typeof final, FinalKTable<Windowed<string>, number>>()
const limited = windowed.suppress(untilTimeLimit('1m'))
same<typeof limited, KTable<Windowed<string>, number>>()
// @ts-expect-error Type 'string' is not assignable to type 'Windowed<unknown>'
notes.suppress(untilWindowCloses())

// Final results are never deleted, so their stream has no null; what is made of them may delete again.
const results = final.toStream()
same<typeof results, KStream<Windowed<string>, number>>()
const rekeyed = final.toStream((count, { key }) => key.length + count)
same<typeof rekeyed, KStream<number, number>>()
const plainTable: KTable<Windowed<string>, number> = final
same<ReturnType<typeof plainTable.toStream>, KStream<Windowed<string>, number | null>>()
const some = final.filter((count) => count > 1)
same<typeof some, KTable<Windowed<string>, number>>()
const ofBoth = windowed.join(final, (a, b) => a + b)
same<typeof ofBoth, KTable<Windowed<string>, number>>()
const ofStream = results.join(final, (a, b) => a + b)
same<typeof ofStream, KStream<Windowed<string>, number>>()
const finalOf = <V>(table: KTable<Windowed<string>, V>): KStream<Windowed<string>, V> =>
  table.suppress(untilWindowCloses()).toStream()
same<ReturnType<typeof finalOf<number>>, KStream<Windowed<string>, number>>()
// @ts-expect-error 'count' is possibly 'null'
limited.toStream((count) => count + 1)
// which of the two it is may be decided at run time
const chosen = windowed.suppress(final === limited ? untilTimeLimit(1) : untilWindowCloses())
same<typeof chosen, KTable<Windowed<string>, number>>()
windowed.suppress(untilWindowCloses({ maxBytes: 1000, onFull: 'spill' }))
notes.suppress(untilTimeLimit('10s', { onFull: 'spill' }))
// @ts-expect-error Type '"emit"' is not assignable
windowed.suppress(untilWindowCloses({ onFull: 'emit' }))

// Versioned stores carry their types, and keep tables.
const versions = versionedKeyValueStore('versions', {
  value: serdes.string(),
  key: serdes.string(),
  historyRetention: '1h',
})
builder.table('versioned', { key: serdes.string(), value: serdes.string() }, versions)
notes.mapValues((note) => note, versions)
// @ts-expect-error VersionedKeyValueStoreHandle<string, string>
orders.filter(() => true, versions)
// @ts-expect-error Property 'historyRetention' is missing
versionedKeyValueStore('versions', { value: serdes.string() })
// @ts-expect-error 'caching' does not exist
versionedKeyValueStore('versions', { historyRetention: 1, caching: true })
keyValueStore('plain', { key: serdes.string(), value: serdes.string() })

// A selector may drop a row: the types of the group are those of the rows that stay.
const owned = notes.groupBy((note, key) => (note === '' ? null : [note, key]))
same<typeof owned, KGroupedTable<string, string>>()
const partly = notes.groupBy((note, key): [string | null, string | undefined] => [note || null, key])
same<typeof partly, KGroupedTable<string, string>>()
