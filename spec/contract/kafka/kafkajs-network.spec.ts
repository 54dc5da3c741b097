import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaJsClient } from '../../../lib/kafka/kafkajs'
import type { Fetcher, KafkaClient } from '../../../lib/kafka/port'
import { describeWithOwnKafka, startKafka, type KafkaBroker, type KafkaCluster } from '../../support/kafka-broker'
import type { TcpProxy } from '../../support/tcp-proxy'
import { recordsOf } from '../../../lib/testing/contracts/kafka/reading'
import { appendText, startProducer } from '../../../lib/testing/contracts/kafka/writing'

const FETCH = 1
const METADATA = 3

describeWithOwnKafka('reading over a bad network', () => {
  let cluster: KafkaCluster
  let broker: KafkaBroker
  let proxy: TcpProxy
  let client: KafkaClient
  let topics = 0

  beforeAll(async () => {
    cluster = await startKafka({ proxy: true })
    broker = cluster.brokers[0]!
    proxy = broker.proxy!
  })
  afterAll(() => cluster?.close())
  beforeEach(() => {
    client = createKafkaJsClient({ ...cluster.clientConfig(), requestTimeout: 1_000 })
  })
  afterEach(async () => {
    proxy.heal()
    proxy.onResponse(() => 'forward')
    await client.close()
  })

  const topicWith = async (records: number, partitions = 1): Promise<string> => {
    const topic = `network-${++topics}`
    // it is there already where a busy broker answers only the second attempt in time
    expect((await client.admin().createTopics([{ topic, partitions }])).get(topic)).toMatch(/created|exists/)
    const producer = await startProducer(client, [topic], { batchBytes: 1_000 })
    for (let i = 0; i < records; i++) appendText(producer, topic, null, String(i), { partition: i % partitions })
    await producer.flush()
    await producer.close()
    return topic
  }

  const readOffsets = async (fetcher: Fetcher, count: number, each?: (read: number) => void): Promise<number[]> => {
    const offsets: number[] = []
    while (offsets.length < count) {
      for (const fetched of await fetcher.poll(5_000)) {
        if (fetched.error) throw fetched.error
        offsets.push(...recordsOf(fetched).map(({ offset }) => offset))
        each?.(offsets.length)
      }
    }
    return offsets
  }

  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

  it('goes on after cut connections: no record is lost, none comes twice', async () => {
    const topic = await topicWith(5_000)
    const fetcher = client.fetcher({ isolation: 'read_committed', maxBytesPerPartition: 2_000 })
    fetcher.assign(topic, 0, 0)
    let next = 500
    const offsets = await readOffsets(fetcher, 5_000, (read) => {
      if (read < next) return
      next += 1_000
      proxy.cut()
    })
    expect(offsets).toEqual(upTo(5_000))
  })

  it('asks again when a response is cut in the middle or never comes', async () => {
    const topic = await topicWith(100)
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    proxy.dropResponses(FETCH, 1, 'cut')
    fetcher.assign(topic, 0, 0)
    expect(await readOffsets(fetcher, 100)).toEqual(upTo(100))
    proxy.dropResponses(FETCH, 1, 'drop')
    fetcher.assign(topic, 0, 90)
    expect(await readOffsets(fetcher, 10)).toEqual(upTo(100).slice(90))
  })

  it('survives a stalled network and swallowed look-ups', async () => {
    const topic = await topicWith(100)
    const fetcher = client.fetcher({ isolation: 'read_committed', maxWaitMs: 100 })
    fetcher.assign(topic, 0, 50)
    expect(await readOffsets(fetcher, 50)).toHaveLength(50)
    proxy.stall()
    fetcher.assign(topic, 0, 0)
    expect(await fetcher.poll(1_500)).toEqual([])
    proxy.heal()
    proxy.cut()
    proxy.dropResponses(METADATA, 2, 'drop')
    expect(await readOffsets(fetcher, 100)).toEqual(upTo(100))
  })

  it('closes at once while the network is stalled', async () => {
    const topic = await topicWith(1)
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 1)
    await fetcher.poll(100)
    proxy.stall()
    const waiting = fetcher.poll(60_000)
    await fetcher.close()
    expect(await waiting).toEqual([])
  })

  it('waits for a broker that restarts, and reads on', async () => {
    const topic = await topicWith(100, 2)
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    fetcher.assign(topic, 0, 0)
    fetcher.assign(topic, 1, 0)
    expect(await readOffsets(fetcher, 100)).toHaveLength(100)
    await broker.kill()
    expect(await fetcher.poll(1_000)).toEqual([])
    await broker.start()
    const producer = await startProducer(client, [topic])
    for (let i = 0; i < 10; i++) appendText(producer, topic, null, 'again', { partition: i % 2 })
    await producer.flush()
    expect((await readOffsets(fetcher, 10)).sort((a, b) => a - b)).toEqual([50, 50, 51, 51, 52, 52, 53, 53, 54, 54])
  })

  it('administration is repeated when its response is lost', async () => {
    const topic = await topicWith(10)
    const admin = client.admin()
    proxy.dropResponses(METADATA, 1, 'cut')
    expect(await admin.topics([topic])).toEqual([{ topic, partitions: 1 }])
    const LIST_OFFSETS = 2
    proxy.dropResponses(LIST_OFFSETS, 1, 'cut')
    expect(await admin.listOffsets([{ topic, partition: 0, at: 'latest' }])).toEqual(new Map([[`${topic}-0`, 10]]))
    const CREATE_TOPICS = 19
    proxy.dropResponses(CREATE_TOPICS, 1, 'cut')
    const twice = `${topic}-twice`
    expect((await admin.createTopics([{ topic: twice, partitions: 1 }])).get(twice)).toMatch(/created|exists/)
  })

  it('a broker that can not be reached is told with the reason, and nothing keeps running', async () => {
    const nowhere = createKafkaJsClient({ brokers: ['127.0.0.1:1'], retry: { retries: 1 } })
    await expect(nowhere.admin().listTopics()).rejects.toMatchObject({
      kind: 'retriable',
      code: 'ECONNREFUSED',
      message: expect.stringMatching(/no broker could be reached.*127\.0\.0\.1:1.*kafka\.brokers/s) as string,
    })
    const fetcher = nowhere.fetcher({ isolation: 'read_committed' })
    fetcher.assign('t', 0, 0)
    expect(await fetcher.poll(300)).toEqual([])
    await nowhere.close()
    await delay(50)
  })
})
