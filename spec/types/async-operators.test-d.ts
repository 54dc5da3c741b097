/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KStream } from '../../lib/dsl/kstream'
import * as serdes from '../../lib/serdes'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const builder = new StreamsBuilder()
const orders = builder.stream('orders', { key: serdes.string(), value: serdes.json<{ amount: number }>() })
const lookUp = async (amount: number, signal: AbortSignal): Promise<string> => `${amount} ${signal.aborted}`

// The value of the promise is the type downstream.
const named = orders.mapValuesAsync((order, key, { signal }) => lookUp(order.amount + key.length, signal))
same<typeof named, KStream<string, string>>()
const plain = orders.mapValuesAsync((order) => order.amount)
same<typeof plain, KStream<string, number>>()
const rekeyed = orders.mapAsync(async (order, key) => [order.amount, key])
same<typeof rekeyed, KStream<number, string>>()
const flat = orders.flatMapValuesAsync(async (order) => new Set([order.amount]))
same<typeof flat, KStream<string, number>>()
const kept = orders.filterAsync(async (order) => order.amount > 1, { name: 'large' })
same<typeof kept, KStream<string, { amount: number }>>()
orders.foreachAsync(async (order, _key, { attempt, timestamp }) => {
  same<typeof timestamp, number>()
  if (attempt > order.amount) throw new Error('too often')
})

orders.mapValuesAsync((order) => lookUp(order.amount, AbortSignal.timeout(1)), {
  name: 'look-up',
  concurrency: 32,
  order: 'input',
  timeout: '2s',
  retry: {
    attempts: 3,
    backoff: '100ms',
    maxBackoff: '1s',
    on: (error, attempt) => attempt < 3 && error instanceof TypeError,
  },
  onError: { deadLetter: 'dead' },
  value: serdes.string(),
  pending: { key: serdes.string(), value: serdes.json<{ amount: number }>() },
})

// With batch the callback gets records, and returns as many results, or errors.
const batch = { size: 100, linger: '20ms' } as const
const scored = orders.mapValuesAsync(
  async (records, { signal, attempt }) => {
    same<typeof signal, AbortSignal>()
    same<typeof attempt, number>()
    return records.map(({ key, value, timestamp }) => {
      same<typeof timestamp, number>()
      return value.amount < 0 ? new Error('no amount') : `${key} ${value.amount}`
    })
  },
  { name: 'score', batch, retry: { on: (error) => error instanceof TypeError }, value: serdes.string() },
)
same<typeof scored, KStream<string, string>>()
const unnamedBatch = orders.mapValuesAsync((records) => records.map(({ value }) => value.amount), { batch })
same<typeof unnamedBatch, KStream<string, number>>()
const rekeyedBatch = orders.mapAsync(
  async (records) => records.map(({ key, value }): [number, string] => [value.amount, key]),
  { batch },
)
same<typeof rekeyedBatch, KStream<number, string>>()
const flatBatch = orders.flatMapValuesAsync(async (records) => records.map(({ value }) => [value.amount]), { batch })
same<typeof flatBatch, KStream<string, number>>()
const keptBatch = orders.filterAsync(async (records) => records.map(({ value }) => value.amount > 1), { batch })
same<typeof keptBatch, KStream<string, { amount: number }>>()
orders.foreachAsync(async (records) => void records[0]?.value.amount, { batch })
orders.foreachAsync(async (records) => records.map(() => new Error('no')), { batch })

// @ts-expect-error Property 'amount' does not exist on type 'readonly BatchRecord<string, { amount: number; }>[]'
orders.mapValuesAsync(async (order) => order.amount, { batch })
// @ts-expect-error Type 'Promise<string>' is not assignable to type 'readonly (string | Error)[] | PromiseLike<readonly (string | Error)[]>'
orders.mapValuesAsync(async () => 'one', { batch, value: serdes.string() })
// @ts-expect-error Property 'map' does not exist on type '{ amount: number; }'
orders.mapValuesAsync(async (records) => records.map(() => 1))
// @ts-expect-error Type 'Serde<string>' is not assignable to type 'SerdeFor<number>'
orders.mapValuesAsync(async (records) => records.map(() => 1), { batch, value: serdes.string() })
// @ts-expect-error Property 'size' is missing
orders.filterAsync(async (records: readonly unknown[]) => records.map(() => true), { batch: {} })
// @ts-expect-error Type 'number[]' is not assignable
orders.filterAsync(async (records) => records.map(() => 1), { batch })

// @ts-expect-error Type 'Serde<string>' is not assignable to type 'SerdeFor<number>'
orders.mapValuesAsync(async (order) => order.amount, { value: serdes.string() })
// @ts-expect-error Type 'number' is not assignable to type '{ amount: number; }'
orders.foreachAsync(async () => {}, { pending: { value: serdes.long() } })
// @ts-expect-error Type 'Promise<number>' is not assignable to type 'boolean | PromiseLike<boolean>'
orders.filterAsync(async (order) => order.amount)
// @ts-expect-error Type '"value"' is not assignable
orders.foreachAsync(async () => {}, { order: 'value' })
// @ts-expect-error Type '"deadLetter"' is not assignable
orders.foreachAsync(async () => {}, { onError: 'deadLetter' })
// @ts-expect-error Property 'to' does not exist on type 'void'
orders.foreachAsync(async () => {}).to('nowhere')

// The others refuse a promise wherever what they return has a type of its own.
const isLarge = async (order: { amount: number }): Promise<boolean> => order.amount > 1
const listOf = async (order: { amount: number }): Promise<[number]> => [order.amount]
const grouped = orders.groupByKey()
const table = grouped.count()
// @ts-expect-error Type 'Promise<boolean>' is not assignable to type 'boolean'
orders.filter(async (order) => isLarge(order))
// @ts-expect-error Type 'Promise<boolean>' is not assignable to type 'boolean'
orders.filterNot(isLarge)
// @ts-expect-error Type 'Promise<boolean>' is not assignable to type 'boolean'
orders.split().branch(async (order) => isLarge(order))
// @ts-expect-error Type 'Promise<boolean>' is not assignable to type 'boolean'
table.filter(async (count) => count > 1)
// @ts-expect-error Type 'Promise<[number, string]>' is not assignable to type 'readonly [unknown, unknown]'
orders.map(async (order, key) => [order.amount, key] as [number, string])
// @ts-expect-error missing in type 'Promise<[number]>' but required in type 'Iterable<unknown>'
orders.flatMapValues((order) => listOf(order))
// @ts-expect-error Type 'Promise<readonly [string, number]>' is not assignable to type 'readonly [unknown, unknown]'
table.groupBy(async (count, key) => [key, count] as const)
// @ts-expect-error missing in type 'Promise<{ amount: number; }>' but required in type '{ amount: number; }'
grouped.reduce(async (order) => order)
const sum = async (total: number, order: { amount: number }): Promise<number> => total + order.amount
// @ts-expect-error Type 'Promise<number>' is not assignable to type 'number'
grouped.aggregate(() => 0, sum)
// What a mapper or joiner returns may be of any type: a promise is what comes downstream, and its use or its serde shows it.
const promised = orders.mapValues(async (order) => order.amount)
same<typeof promised, KStream<string, Promise<number>>>()
// @ts-expect-error Operator '>' cannot be applied to types 'Promise<number>' and 'number'
promised.filter((amount) => amount > 1)
// @ts-expect-error Type 'Serde<number>' is not assignable to type 'SerdeThatWrites<Promise<number>>'
promised.to('amounts', { value: serdes.double() })
// So helpers can be generic in what they map to, and the type that is asked for decides what literals and lists are.
const mapWith = <V, R>(stream: KStream<string, V>, map: (value: V) => R): KStream<string, R> => stream.mapValues(map)
const field = <V, P extends keyof V>(stream: KStream<string, V>, name: P): KStream<string, V[P]> =>
  stream.mapValues((value) => value[name])
const tagged = (): KStream<string, { kind: 'order' | 'refund'; parts: [number, string] }> =>
  orders.mapValues((order, key) => ({ kind: 'order', parts: [order.amount, key] }))
const mapped = mapWith(orders, (order) => order.amount)
same<typeof mapped, KStream<string, number>>()
const amounts = field(orders, 'amount')
same<typeof amounts, KStream<string, number>>()
tagged().to('tagged')

orders.forEachBatch(
  async (records, { id, taskId, offsets, signal, attempt }) => {
    for (const { key, value, timestamp, partition } of records) {
      same<typeof key, string>()
      same<typeof value, { amount: number }>()
      same<typeof timestamp, number>()
      same<typeof partition, number>()
    }
    same<(typeof offsets)[number]['first'], number>()
    await lookUp(`${id} ${taskId}`.length + attempt, signal)
  },
  { name: 'write', size: 100, interval: '2s', timeout: '5s', retry: { attempts: 2 }, onError: 'skip', maxBytes: 1000 },
)
orders.forEachBatch(() => {}, 'write')
// @ts-expect-error 'concurrency' does not exist
orders.forEachBatch(() => {}, { concurrency: 2 })
// @ts-expect-error Type 'string' is not assignable
orders.forEachBatch(() => {}, { size: '100' })
