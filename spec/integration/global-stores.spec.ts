import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs'
import type { ProcessingGuarantee } from '../../lib/config/config'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { silentLogger } from '../../lib/observe/logger'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import type { RestoreEvent } from '../../lib/runtime/changelog/restore-progress'
import * as serdes from '../../lib/serdes'
import { timestampedKeyValueStore } from '../../lib/state/stores'
import { describeWithKafka } from '../support/kafka-broker'

const text = { key: serdes.string(), value: serdes.string() }
const RATES = 2000

describeWithKafka('a global table on a real broker', (bootstrapServers) => {
  const brokers = bootstrapServers.split(',')
  const kafka = new Kafka({ clientId: 'global-stores', brokers, logLevel: logLevel.NOTHING })
  let name: string
  let folder: string
  let producer: Producer
  let consumer: Consumer
  /** What came out, and who waits for it. */
  let received: Set<string>
  let onOutput: () => void
  const made: KafkaStreams[] = []

  beforeEach(async () => {
    name = `global-${Math.random().toString(36).slice(2, 8)}`
    folder = mkdtempSync(join(tmpdir(), 'millrace-global-'))
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({
      topics: [
        { topic: `${name}-rates`, numPartitions: 3 },
        { topic: `${name}-orders`, numPartitions: 4 },
        { topic: `${name}-out`, numPartitions: 1 },
      ],
    })
    await admin.disconnect()
    producer = kafka.producer()
    await producer.connect()
    received = new Set()
    onOutput = () => {}
    consumer = kafka.consumer({ groupId: `${name}-reader`, readUncommitted: false, maxWaitTimeInMs: 200 })
    await consumer.connect()
    await consumer.subscribe({ topic: `${name}-out`, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        received.add(message.value!.toString())
        onOutput()
      },
    })
  })

  afterEach(async () => {
    await Promise.all(made.splice(0).map((streams) => streams.close()))
    await consumer.disconnect()
    await producer.disconnect()
    rmSync(folder, { recursive: true, force: true })
  })

  const produce = (topic: string, entries: readonly (readonly [string, string | null])[]): Promise<unknown> =>
    producer.send({ topic: `${name}-${topic}`, messages: entries.map(([key, value]) => ({ key, value })) })

  const output = (value: string): Promise<void> =>
    new Promise((resolve) => {
      onOutput = () => {
        if (received.has(value)) resolve()
      }
      onOutput()
    })

  const rates = timestampedKeyValueStore('rates', text)
  const create = (instance: string, processingGuarantee: ProcessingGuarantee): KafkaStreams => {
    const builder = new StreamsBuilder()
    const table = builder.globalTable(`${name}-rates`, text, rates)
    builder
      .stream(`${name}-orders`, text)
      .leftJoin(
        table,
        (order) => order,
        (order, rate) => `${order}:${rate}`,
      )
      .to(`${name}-out`, text)
    const streams = new KafkaStreams(builder.build(), {
      applicationId: name,
      kafka: { brokers },
      stateDir: join(folder, instance),
      commitInterval: 100,
      metadataMaxAge: 500,
      processingGuarantee,
      logger: silentLogger,
    })
    made.push(streams)
    return streams
  }

  it('ends the instance where its topic was deleted and created again, and is restored from it at the next start', async () => {
    const rows = (prefix: string) => Array.from({ length: 30 }, (_, i) => [`${prefix}-${i}`, 'x'] as const)
    await produce('rates', rows('first'))
    const first = create('a', 'exactly_once')
    await first.start()
    expect(first.store(rates).get('first-0')?.value).toBe('x')
    const failed = new Promise((resolve) => first.once('error', resolve))
    const missed = new Promise((resolve) => first.once('warning', resolve))
    const admin = kafka.admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [`${name}-rates`] })
    // by then it is looked for seldom, and has its new rows when it is found
    expect(await missed).toMatchObject({ code: 'MISSING_SOURCE_TOPIC', topics: [`${name}-rates`] })
    await admin.createTopics({ topics: [{ topic: `${name}-rates`, numPartitions: 3 }] })
    await admin.disconnect()
    await produce('rates', [...rows('second'), ...rows('third')])
    expect(await failed).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', location: { topic: `${name}-rates` } })
    await first.close()

    const second = create('a', 'exactly_once')
    await second.start()
    const found = [...rows('first'), ...rows('second'), ...rows('third')].filter(
      ([key]) => second.store(rates).get(key) !== null,
    )
    expect(found).toEqual([...rows('second'), ...rows('third')])
  })

  it.each(['at_least_once', 'exactly_once'] as const)(
    'is there in full on every instance before it runs, follows its topic, and goes on from disk (%s)',
    async (guarantee) => {
      await produce(
        'rates',
        Array.from({ length: RATES }, (_, i) => [`key-${i}`, `first-${i}`] as const),
      )
      await produce('orders', [['early', `key-${RATES - 1}`]])
      const first = create('a', guarantee)
      const second = create('b', guarantee)
      await Promise.all([first.start(), second.start()])
      await output(`key-${RATES - 1}:first-${RATES - 1}`)
      for (const streams of [first, second]) {
        const store = streams.store(rates)
        for (let i = 0; i < RATES; i++) expect(store.get(`key-${i}`)?.value).toBe(`first-${i}`)
      }

      await produce('rates', [
        ['key-0', 'second'],
        ['key-1', null],
      ])
      for (const streams of [first, second]) {
        const store = streams.store(rates)
        while (store.get('key-0')?.value !== 'second' || store.get('key-1') !== null) await new Promise(setImmediate)
      }
      await produce('orders', [
        ['a', 'key-0'],
        ['b', 'key-1'],
      ])
      await Promise.all([output('key-0:second')])
      await output('key-1:null')
      expect(await first.close()).toBe(true)

      await produce('rates', [['key-2', 'third']])
      const again = create('a', guarantee)
      const restored: RestoreEvent[] = []
      again.on('restoreEnd', (event) => restored.push(event))
      await again.start()
      expect(again.store(rates).get('key-2')?.value).toBe('third')
      expect(again.store(rates).get('key-1')).toBeNull()
      const replayed = restored
        .filter(({ taskId }) => taskId === 'global')
        .reduce((sum, event) => sum + event.restored, 0)
      expect(replayed).toBe(1)
    },
  )
})
