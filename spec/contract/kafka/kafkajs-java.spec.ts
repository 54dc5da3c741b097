import { join } from 'node:path'
import { createKafkaJsClient } from '../../../lib/kafka/kafkajs'
import { type Compression } from '../../../lib/kafka/port'
import { describeWithJava, kafkaForTests, runJava } from '../../support/kafka-broker'
import { KafkaJsKafka } from './kafkajs-kafka'
import { readTopic } from '../../../lib/testing/contracts/kafka/reading'
import { startProducer } from '../../../lib/testing/contracts/kafka/writing'
import { NO_HEADERS, type RecordHeaders } from '../../../lib/record/headers'

const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const BATCHES = join(__dirname, 'java', 'Batches.java')

/** What `Batches.java write` commits. */
const javaRecords = Array.from({ length: 60 }, (_, i) => ({
  timestamp: 1_000_000 * (60 - i),
  key: i % 5 === 0 ? null : `commit key ${i}`,
  value: i % 7 === 0 ? null : `value ${i} of commit; `.repeat((i * i) % 900),
  headers:
    i % 3 === 0
      ? [
          ['größe', `h${i}`],
          ['null', null],
        ]
      : [],
}))

const base64 = (bytes: Uint8Array | null): string => (bytes ? `=${Buffer.from(bytes).toString('base64')}` : 'null')

describeWithJava('batches of Java’s clients', () => {
  const servers = kafkaForTests()!
  const kafka = new KafkaJsKafka(servers)
  beforeAll(() => kafka.start())
  afterAll(() => kafka.stop())

  it('written with every codec, aborted and committed, are read here', async () => {
    const topics = new Map<Compression, string>()
    for (const compression of COMPRESSIONS) topics.set(compression, await kafka.createTopic())
    await runJava(BATCHES, ['write', servers, ...[...topics].flatMap(([compression, topic]) => [topic, compression])])
    const client = createKafkaJsClient({ brokers: servers.split(',') })
    for (const [compression, topic] of topics) {
      const records = await readTopic(client, topic)
      const seen = records.map(({ timestamp, key, value, headers }) => ({ timestamp, key, value, headers }))
      expect([compression, seen]).toEqual([compression, javaRecords])
    }
    await client.close()
  })

  it('are read by Java as they were written here, with every codec', async () => {
    const client = createKafkaJsClient({ brokers: servers.split(',') })
    const topics: string[] = []
    const expected: string[] = []
    for (const compression of COMPRESSIONS) {
      const topic = await kafka.createTopic()
      topics.push(topic)
      const producer = await startProducer(client, [topic], { compression, batchBytes: 400_000 })
      for (let i = 0; i < 60; i++) {
        const timestamp = i % 10 === 9 ? 0 : 1_000_000 * (60 - i)
        const key = i % 5 === 0 ? null : Buffer.from(`key ${i}`)
        const value = i % 7 === 0 ? null : Buffer.from(`value ${i} of ${compression}; `.repeat((i * i) % 900))
        const headers: RecordHeaders =
          i % 3 === 0
            ? [
                ['größe', Buffer.from(`h${i}`)],
                ['null', null],
              ]
            : NO_HEADERS
        producer.append(topic, 0, key, value, timestamp, headers)
        const line = [topic, i, timestamp, base64(key), base64(value)]
        expected.push([...line, headers.map(([name, bytes]) => name + base64(bytes)).join(' ')].join('\t'))
      }
      await producer.flush()
    }
    const lines = (await runJava(BATCHES, ['read', servers, ...topics])).trimEnd().split('\n')
    expect(lines.map((line) => line.trimEnd())).toEqual(expected.map((line) => line.trimEnd()))
    await client.close()
  })

  it.each(['none', 'lz4'] as const)(
    'carry the broker’s own time where the topic says so, with compression %s',
    async (compression) => {
      const client = createKafkaJsClient({ brokers: servers.split(',') })
      const topic = await kafka.createTopic(1, { 'message.timestamp.type': 'LogAppendTime' })
      const producer = await startProducer(client, [topic], { compression })
      for (let i = 0; i < 3; i++) producer.append(topic, 0, null, Buffer.from('v'), 1_000 + i, NO_HEADERS)
      await producer.flush()
      const seen = (await readTopic(client, topic)).map(({ timestamp }) => timestamp)
      const lines = (await runJava(BATCHES, ['read', servers, topic])).trimEnd().split('\n')
      expect(seen).toEqual(lines.map((line) => Number(line.split('\t')[2])))
      expect(Math.min(...seen)).toBeGreaterThan(1_000_000_000_000)
      await client.close()
    },
  )
})
