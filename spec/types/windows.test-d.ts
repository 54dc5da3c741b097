/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import type { KStream } from '../../lib/dsl/kstream'
import type { KTable } from '../../lib/dsl/ktable'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { ReadOnlyStore } from '../../lib/runtime/stores/store-view'
import * as serdes from '../../lib/serdes'
import { sessionStore } from '../../lib/state/session/session-stores'
import type { ReadOnlySessionStore, ReadOnlyWindowStore, SessionStore, WindowStore } from '../../lib/state/store'
import { keyValueStore, timestampedKeyValueStore } from '../../lib/state/stores'
import { windowStore } from '../../lib/state/window/window-stores'
import type { Windowed } from '../../lib/record/windowed'

interface Order {
  customerId: string
  amount: number
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const orders = builder.stream('orders', { key: serdes.string(), value: serdes.json<Order>() })
const grouped = orders.groupByKey()
const perHour = TimeWindows.of({ size: '1h', advance: '5m', grace: '30s' })

// Windows are part of the key.
const counts = grouped.windowedBy(perHour).count()
same<typeof counts, KTable<Windowed<string>, number>>()
const largest = grouped
  .windowedBy(SlidingWindows.of({ timeDifference: 1000 }))
  .reduce((a, b) => (a.amount > b.amount ? a : b))
same<typeof largest, KTable<Windowed<string>, Order>>()
const spent = grouped.windowedBy(perHour).aggregate(
  () => 0,
  (sum, order) => sum + order.amount,
  { value: serdes.double() },
)
same<typeof spent, KTable<Windowed<string>, number>>()
const visits = grouped.windowedBy(SessionWindows.of({ inactivityGap: '30m' })).aggregate(
  () => [] as Order[],
  (all, order) => [...all, order],
  (a, b) => [...a, ...b],
)
same<typeof visits, KTable<Windowed<string>, Order[]>>()
const withLate = grouped.windowedBy(perHour, { late: (late) => same<typeof late, KStream<string, Order>>() }).count()
same<typeof withLate, KTable<Windowed<string>, number>>()
grouped.windowedBy(SessionWindows.of({ inactivityGap: '30m' }), { late: (late) => late.to('late') })
// @ts-expect-error Property 'count' does not exist on type 'KStream<string, Order>'
grouped.windowedBy(perHour, { late: (late) => late.count() })
counts.toStream((count, { key, window }) => `${key.length} ${window.start - window.end} ${count}`)
counts.toStream().to('counts', { key: serdes.timeWindowed(serdes.string(), '1h'), value: serdes.long() })

// @ts-expect-error Type 'Windowed<string>' is not assignable to type 'string'
counts.toStream().to('counts', { key: serdes.string(), value: serdes.long() })
// @ts-expect-error Type '"1 hour"' is not assignable to type 'Duration'
TimeWindows.of({ size: '1 hour' })
// @ts-expect-error Property 'timeDifference' is missing
SlidingWindows.of({ grace: 1 })
// @ts-expect-error Expected 3-4 arguments, but got 2
grouped.windowedBy(SessionWindows.of({ inactivityGap: 1 })).aggregate(
  () => 0,
  (sum) => sum + 1,
)
// @ts-expect-error Type 'Serde<string>' is not assignable to type 'Serde<number>'
grouped.windowedBy(perHour).count({ value: serdes.string() })
// @ts-expect-error is not assignable to parameter of type 'EmitStrategy'
grouped.windowedBy(perHour).emitStrategy('onClose')

// Handles carry the types of their stores.
const windows = windowStore('windows', {
  key: serdes.string(),
  value: serdes.long(),
  retention: '1d',
  windowSize: '1h',
})
const sessions = sessionStore('sessions', { key: serdes.string(), value: serdes.json<Order[]>(), retention: '1d' })
grouped.windowedBy(perHour).count(windows)
grouped.windowedBy(SessionWindows.of({ inactivityGap: 1 })).aggregate(
  () => [] as Order[],
  (all, order) => [...all, order],
  (a, b) => [...a, ...b],
  sessions,
)
same<ReadOnlyStore<NonNullable<(typeof windows)['storeType']>>, ReadOnlyWindowStore<string, number>>()
same<ReadOnlyStore<NonNullable<(typeof sessions)['storeType']>>, ReadOnlySessionStore<string, Order[]>>()
declare const windowsOfStore: WindowStore<string, number>
same<ReturnType<typeof windowsOfStore.all>, AsyncIterable<[Windowed<string>, number]>>()
declare const sessionsOfStore: SessionStore<string, Order[]>
sessionsOfStore.fetch('a').map(([{ window }, all]) => all.length + window.end)

const texts = grouped.windowedBy(perHour)
const add = (all: string): string => all
// @ts-expect-error Type 'number' is not assignable to type 'string'
texts.aggregate(() => '', add, windows)

// Cogrouped streams have the key in common and add to one type.
const clicks = builder.stream('clicks', { key: serdes.string(), value: serdes.long() })
const numbered = builder.stream('numbered', { key: serdes.long(), value: serdes.long() })
const cogrouped = grouped
  .cogroup<number>((sum, order) => sum + order.amount)
  .cogroup(clicks.groupByKey(), (sum, n) => sum + n)
same<ReturnType<typeof cogrouped.aggregate>, KTable<string, number>>()
const cogroupedPerHour = cogrouped.windowedBy(perHour).aggregate(() => 0)
same<typeof cogroupedPerHour, KTable<Windowed<string>, number>>()
// @ts-expect-error Type 'string' is not assignable to type 'number'
cogrouped.cogroup(clicks.groupByKey(), () => 'text')
// @ts-expect-error is not assignable to parameter of type 'KGroupedStream<string
cogrouped.cogroup(numbered.groupByKey(), (sum, n) => sum + n)

// Stream time can follow the wall clock where an input is idle; global tables have no time.
builder.stream('idle', { key: serdes.string(), idleAfter: '30s' })
builder.table('idle', { key: serdes.string(), idleAfter: 30_000 })
// @ts-expect-error Type '"soon"' is not assignable to type 'Duration | undefined'
builder.stream('idle', { idleAfter: 'soon' })
// @ts-expect-error 'idleAfter' does not exist in type 'GlobalConsumed<string, unknown>'
builder.globalTable('idle', { idleAfter: '30s' })

// Late records of cogrouped streams are of any of their types, those of joins of their side's.
grouped
  .cogroup<number>((sum) => sum)
  .windowedBy(perHour, {
    late: (late, position) => (same<typeof late, KStream<string, unknown>>(), same<typeof position, number>()),
  })
orders.join(
  builder.stream('names', { value: serdes.string() }),
  (order) => order,
  JoinWindows.of({ timeDifference: 5 }),
  {
    late: (late) => same<typeof late, KStream<string, Order>>(),
    otherLate: (late) => same<typeof late, KStream<string, string>>(),
  },
)

// Rows of tables can expire; windows have their retention.
grouped.count({ store: 'expiring', ttl: '7d' })
grouped.aggregate(
  () => 0,
  (sum) => sum,
  { ttl: 60_000, value: serdes.double() },
)
grouped.reduce((a) => a, { ttl: '1h' })
orders.toTable({ ttl: '1h' })
orders.toTable({ ttl: { after: '1h', silent: true } })
orders.toTable({ ttl: { after: '1h', from: 'access' } })
// @ts-expect-error Type '"read"' is not assignable to type '"write" | "access" | undefined'
orders.toTable({ ttl: { after: '1h', from: 'read' } })
keyValueStore<string, number>('expiring', { ttl: '1h' })
timestampedKeyValueStore<string, number>('expiring', { ttl: { after: '1h', from: 'access' } })
// @ts-expect-error 'silent' does not exist in type 'StoreExpiry'
keyValueStore<string, number>('expiring', { ttl: { after: '1h', silent: true } })
builder.table('orders-by-id', { value: serdes.json<Order>() }, { ttl: '1h' })
// @ts-expect-error 'ttl' does not exist in type 'WindowStoreHandle<string, number, StateStore>
grouped.windowedBy(perHour).count({ ttl: '1h' })
