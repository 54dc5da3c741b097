import {
  type KafkaStreams,
  keyValueStore,
  type QueryResult,
  type QueryScan,
  serdes,
  sessionStore,
  type StoreSubscription,
  timestampedKeyValueStore,
  timestampedWindowStore,
  type ValueAndTimestamp,
  versionedKeyValueStore,
  type VersionedRecord,
  type Windowed,
  windowStore,
} from 'millrace'
import { createHandler, gracefulShutdown, listen } from 'millrace/http'

interface Order {
  id: string
}
declare const streams: KafkaStreams
const key = serdes.string()

const counts = keyValueStore('counts', { key, value: serdes.long() })
const count: Promise<QueryResult<number | null>> = streams.query(counts).get('a')
const range: QueryScan<[string, number]> = streams.query(counts).range('a', null)
void streams.query(counts).prefixScan('a', serdes.string(), { reverse: true }).toArray({ limit: 5 })
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
void streams.query(counts).get(5)
// @ts-expect-error Property 'fetch' does not exist on type 'KeyValueQueries<string, number>'
void streams.query(counts).fetch('a', 5)
// @ts-expect-error Expected 1 arguments, but got 2
void streams.query(counts).get('a', 5)

const orders = timestampedKeyValueStore('orders', { key, value: serdes.json<Order>() })
const order: Promise<QueryResult<ValueAndTimestamp<Order> | null>> = streams.query(orders).get('a')

const perHour = windowStore('per-hour', { key, value: serdes.long(), retention: '1d', windowSize: '1h' })
const window: Promise<QueryResult<number | null>> = streams.query(perHour).fetch('a', 0)
const windows: Promise<QueryResult<readonly (readonly [number, number])[]>> = streams.query(perHour).fetch('a', 0, 5)
const allWindows: QueryScan<[Windowed<string>, number]> = streams.query(perHour).all()
// @ts-expect-error Property 'get' does not exist on type 'WindowQueries<string, number>'
void streams.query(perHour).get('a')

const dated = timestampedWindowStore('dated', { key, value: serdes.long(), retention: '1d', windowSize: '1h' })
const datedWindow: Promise<QueryResult<ValueAndTimestamp<number> | null>> = streams.query(dated).fetch('a', 0)

const visits = sessionStore('visits', { key, value: serdes.long(), retention: '1d' })
const sessions: Promise<QueryResult<readonly (readonly [Windowed<string>, number])[]>> = streams
  .query(visits)
  .fetch('a')

const prices = versionedKeyValueStore('prices', { key, value: serdes.double(), historyRetention: '1d' })
const price: Promise<QueryResult<VersionedRecord<number> | null>> = streams.query(prices).get('a', 5)

void streams.query(counts, { partitioner: (_topic, key, _value, partitions) => key.length % partitions })
void streams.query(counts, { partitions: [0, 3] }).all()
// @ts-expect-error Type 'number' is not assignable to type 'readonly number[]'
void streams.query(counts, { partitions: 3 })
// @ts-expect-error Type 'string' is not assignable to type 'boolean | undefined'
void streams.query(counts, { allowStale: 'yes' })
void streams.query(counts, { isolation: 'committed' }).get('a')
// @ts-expect-error Type '"serializable"' is not assignable to type 'QueryIsolation | undefined'
void streams.query(counts, { isolation: 'serializable' })
// @ts-expect-error 'stale' does not exist in type 'QueryOptions<string>'
void streams.query(counts, { stale: true })

const changes: Promise<StoreSubscription<string, number>> = streams.subscribe(counts, { key: 'a' })
// values without their timestamps, which every change has
const orderChanges: Promise<StoreSubscription<string, Order>> = streams.subscribe(orders)
const windowChanges: Promise<StoreSubscription<string, number>> = streams.subscribe(perHour, { from: 'a', to: 'b' })
const sessionChanges: Promise<StoreSubscription<string, number>> = streams.subscribe(visits)
const priceChanges: Promise<StoreSubscription<string, number>> = streams.subscribe(prices)
// @ts-expect-error Type 'number' is not assignable to type 'string'
void streams.subscribe(counts, { key: 5 })
// @ts-expect-error 'isolation' does not exist in type 'SubscriptionOptions<string>'
void streams.subscribe(counts, { isolation: 'committed' })

void streams.metadataForKey(counts, 'a')
void streams.metadataForKey('counts', 5, serdes.long())
// @ts-expect-error Argument of type 'Serde<string>' is not assignable
void streams.metadataForKey('counts', 5, serdes.string())

void listen(streams, { port: 8080, tls: { key: 'k', cert: 'c' }, peers: { tls: { ca: 'c' } } })
// @ts-expect-error Type 'string' is not assignable to type 'boolean | ConnectionOptions | undefined'
void listen(streams, { port: 8080, peers: { tls: 'yes' } })
void listen(streams, { port: 8080, host: '0.0.0.0', authorize: async (request) => request.headers.host === 'a' })
// @ts-expect-error Property 'port' is missing in type '{}'
void listen(streams, {})
// @ts-expect-error Type 'string' is not assignable to type 'boolean | Promise<boolean>'
void createHandler(streams, { authorize: () => 'yes' })
// @ts-expect-error Type '"SIGNAL"' is not assignable to type 'Signals'
void gracefulShutdown(streams, { signals: ['SIGNAL'] })

void [count, range, order, window, windows, allWindows, datedWindow, sessions, price, changes, orderChanges]
void [windowChanges, sessionChanges, priceChanges]
