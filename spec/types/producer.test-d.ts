/* eslint-disable @typescript-eslint/no-unused-vars -- only types are looked at */
import { KafkaProducer } from '../../lib/runtime/producer/kafka-producer'
import type { KafkaStreams } from '../../lib/runtime/kafka-streams'
import type { RecordProducer, SentRecord } from '../../lib/runtime/producer/record-producer'
import * as serdes from '../../lib/serdes'
import type { TopologyTestDriver } from '../../lib/testing/topology-test-driver'

interface Order {
  id: string
  amount: number
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

const orders = { key: serdes.string(), value: serdes.json<Order>() }
const topics = { orders, counts: { key: serdes.int(), value: serdes.long() }, any: {} }
const kafka = { brokers: ['localhost:9092'] }
const producer = new KafkaProducer({ kafka, topics })

const sent = producer.send(
  'orders',
  'o-1',
  { id: 'o-1', amount: 5 },
  { headers: { source: 'web' }, timestamp: new Date() },
)
void producer.send('orders', 'o-1', null, {
  headers: [
    ['source', 'web'],
    ['source', Buffer.of(1)],
    ['none', null],
  ],
})
same<typeof sent, Promise<SentRecord>>()
void producer.send('counts', 1, null)
void producer.send('any', null, { whatever: true })
// @ts-expect-error Argument of type '"order"' is not assignable to parameter of type
void producer.send('order', 'o-1', { id: 'o-1', amount: 5 })
// @ts-expect-error Property 'amount' is missing
void producer.send('orders', 'o-1', { id: 'o-1' })
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
void producer.send('counts', 'a', 1)
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
void producer.send('any', 1, null)
// @ts-expect-error Property 'topics' is missing
new KafkaProducer({ kafka })

const result = producer.transaction(async (tx) => {
  await tx.send('orders', 'o-1', { id: 'o-1', amount: 5 })
  // @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
  await tx.send('orders', 1, null)
  return 3
})
same<typeof result, Promise<number>>()

// A handler takes any of them: the producer, that of an application, and that of the test driver.
const handler = (_producer: RecordProducer<{ orders: typeof orders }>): void => undefined
declare const streams: KafkaStreams
declare const driver: TopologyTestDriver
handler(producer)
handler(streams.producer({ topics: { orders } }))
handler(driver.producer({ topics: { orders } }))
handler(streams.producer())
handler(driver.producer())

// Without topics, those of the topology: strings as keys, values unchecked.
void streams.producer().send('orders', 'o-1', { amount: 'five' })
