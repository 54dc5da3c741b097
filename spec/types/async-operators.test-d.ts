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

// @ts-expect-error Type 'Promise<number>' is not assignable to type 'string | PromiseLike<string>'
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
