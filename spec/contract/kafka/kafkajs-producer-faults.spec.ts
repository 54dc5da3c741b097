import { createKafkaJsClient } from '../../../lib/kafka/kafkajs'
import { type KafkaClient, type Producer } from '../../../lib/kafka/port'
import { describeWithOwnKafka, startKafka, type KafkaCluster } from '../../support/kafka-broker'
import type { TcpProxy } from '../../support/tcp-proxy'
import { readTopic } from '../../../lib/testing/contracts/kafka/reading'
import { appendText as appendAt, startProducer } from '../../../lib/testing/contracts/kafka/writing'
import { tpKey } from '../../../lib/record/topic-partition'

const PRODUCE = 0
const END_TXN = 26

let names = 0

const createTopic = async (client: KafkaClient, partitions = 1, replicationFactor = 1): Promise<string> => {
  const topic = `topic-${++names}`
  const admin = client.admin()
  // it is there already where a busy broker answers only the second attempt in time
  const created = await admin.createTopics([{ topic, partitions, replicationFactor }])
  expect(created.get(topic)).toMatch(/created|exists/)
  await admin.close()
  return topic
}

const valuesOf = async (client: KafkaClient, topic: string, partition = 0): Promise<Array<string | null>> =>
  (await readTopic(client, topic)).filter((record) => record.partition === partition).map(({ value }) => value)

/**
 * With the time of now: a broker that starts has forgotten producers whose last record is older than
 * `producer.id.expiration.ms`, so it takes a batch of old records that is sent again for a new one.
 */
const appendText = (
  producer: Producer,
  topic: string,
  key: string | null,
  value: string,
  { partition = 0 } = {},
): void => appendAt(producer, topic, key, value, { partition, timestamp: Date.now() })

/** Appends batches of one record, each in a request of its own, without waiting for any. */
const pipeline = (producer: Producer, topic: string, values: readonly string[]): Promise<unknown> => {
  const flushed = values.map((value) => {
    appendText(producer, topic, 'k', value)
    return producer.flush()
  })
  return Promise.all(flushed)
}

/** Keeps writing numbers, round robin, until `until` resolves; returns how many. */
const writeUntil = async (
  producer: Producer,
  topic: string,
  partitions: number,
  until: Promise<unknown>,
): Promise<number> => {
  let done = false
  let written = 0
  const stop = (): void => void (done = true)
  until.then(stop, stop)
  while (!done) {
    for (let i = 0; i < 20; i++, written++)
      appendText(producer, topic, null, String(written), { partition: written % partitions })
    await producer.drained()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await until
  return written
}

const numbers = (written: number, partitions: number, partition: number): string[] => {
  const values: string[] = []
  for (let i = partition; i < written; i += partitions) values.push(String(i))
  return values
}

describeWithOwnKafka('the kafkajs producer when things break', () => {
  let cluster: KafkaCluster
  let proxy: TcpProxy
  let client: KafkaClient

  beforeAll(async () => {
    cluster = await startKafka({ proxy: true })
    proxy = cluster.brokers[0]!.proxy!
  })

  afterAll(() => cluster?.close())

  beforeEach(() => {
    client = createKafkaJsClient({ ...cluster.clientConfig(), requestTimeout: 2_000 })
  })

  afterEach(async () => {
    proxy.onRequest(() => 'forward')
    proxy.onResponse(() => 'forward')
    proxy.heal()
    await client.close()
  })

  const letters = ['a', 'b', 'c', 'd', 'e']

  it('a connection cut before any of five answers: each batch is in the log once, in order', async () => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic])
    await pipeline(producer, topic, ['warm'])
    let answers = 0
    proxy.onResponse(({ apiKey }) => (apiKey !== PRODUCE || answers >= 5 ? 'forward' : ++answers < 5 ? 'drop' : 'cut'))
    await pipeline(producer, topic, letters)
    expect(answers).toBe(5)
    await pipeline(producer, topic, ['after'])
    expect(await producer.flush()).toEqual(new Map([[tpKey(topic, 0), 6]]))
    expect(await valuesOf(client, topic)).toEqual(['warm', ...letters, 'after'])
  })

  it.each([1, 2, 3, 4, 5])('a connection cut on the way to the broker at batch %i of five', async (nth) => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic])
    let requests = 0
    proxy.onRequest(({ apiKey }) => (apiKey === PRODUCE && ++requests === nth ? 'cut' : 'forward'))
    await pipeline(producer, topic, letters)
    await pipeline(producer, topic, ['after'])
    expect(await valuesOf(client, topic)).toEqual([...letters, 'after'])
  })

  it('more batches than may be in flight wait for their turn', async () => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic])
    let answers = 0
    proxy.onResponse(({ apiKey }) => (apiKey === PRODUCE && ++answers === 3 ? 'cut' : 'forward'))
    const values = Array.from({ length: 30 }, (_, i) => String(i))
    await pipeline(producer, topic, values)
    expect(await valuesOf(client, topic)).toEqual(values)
  })

  it('connections cut again and again under load', async () => {
    const topic = await createTopic(client, 3)
    const producer = await startProducer(client, [topic], { batchBytes: 500, lingerMs: 2 })
    let answers = 0
    let cuts = 0
    const enough = new Promise<void>((resolve) => {
      proxy.onResponse(({ apiKey }) => {
        if (apiKey !== PRODUCE || ++answers % 17 !== 0 || cuts === 12) return 'forward'
        if (++cuts === 12) resolve()
        return 'cut'
      })
    })
    const written = await writeUntil(producer, topic, 3, enough)
    await producer.flush()
    for (const partition of [0, 1, 2]) {
      expect(await valuesOf(client, topic, partition)).toEqual(numbers(written, 3, partition))
    }
  })

  it('a network that swallows everything: requests time out and are sent again', async () => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic])
    await pipeline(producer, topic, ['warm'])
    let answers = 0
    proxy.onResponse(({ apiKey }) => (apiKey === PRODUCE && ++answers <= 5 ? 'drop' : 'forward'))
    await pipeline(producer, topic, letters)
    expect(await valuesOf(client, topic)).toEqual(['warm', ...letters])
  })

  it('no broker for longer than the delivery timeout: flush says so, and init begins anew', async () => {
    const topic = await createTopic(client)
    // also for what is in time in the end
    const producer = await startProducer(client, [topic], { deliveryTimeoutMs: 10_000 })
    proxy.refuse()
    appendText(producer, topic, 'k', 'too late')
    await expect(producer.flush()).rejects.toMatchObject({
      kind: 'retriable',
      message: expect.stringContaining(
        `writing to ${topic}-0: not acknowledged within the delivery timeout of 10000 ms`,
      ),
    })
    expect(() => appendText(producer, topic, 'k', 'v')).toThrow('not acknowledged')
    proxy.heal()
    await producer.init()
    await pipeline(producer, topic, ['in time'])
    expect(await valuesOf(client, topic)).toEqual(['in time'])
  })

  it('close does not wait for a broker that is gone', async () => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic])
    proxy.refuse()
    appendText(producer, topic, 'k', 'v')
    const refused = expect(producer.flush()).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    await producer.close()
    await refused
  })

  it('the answer to a commit is lost: it is committed, once', async () => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic], { transactionalId: 'lost-commit' })
    proxy.dropResponses(END_TXN, 1, 'cut')
    producer.begin()
    appendText(producer, topic, 'k', 'a')
    await producer.commit()
    producer.begin()
    appendText(producer, topic, 'k', 'b')
    await producer.commit()
    producer.begin()
    appendText(producer, topic, 'k', 'never')
    await producer.abort()
    expect((await readTopic(client, topic, 'read_uncommitted')).map(({ value }) => value)).toEqual(['a', 'b'])
  })

  it('aborting while answers are missing keeps what is under way out of the next transaction', async () => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic], { transactionalId: 'unclean-abort' })
    producer.begin()
    appendText(producer, topic, 'k', 'first')
    await producer.commit()
    // all of them until it is aborted: one that is sent again must not be answered before
    const missing = new Promise<void>((resolve) => {
      proxy.onResponse(({ apiKey }) => {
        if (apiKey !== PRODUCE) return 'forward'
        resolve()
        return 'cut'
      })
    })
    producer.begin()
    appendText(producer, topic, 'k', 'aborted')
    const refused = expect(producer.flush()).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    await missing
    const aborted = producer.abort()
    proxy.onResponse(() => 'forward')
    await aborted
    await refused
    producer.begin()
    appendText(producer, topic, 'k', 'second')
    await producer.commit()
    const other = await startProducer(client, [topic], { transactionalId: 'unclean-abort' })
    await other.close()
    expect(await valuesOf(client, topic)).toEqual(['first', 'second'])
  })

  it.each(['stop', 'kill'] as const)('the broker ends (%s) under load and comes back', async (end) => {
    const topic = await createTopic(client, 3)
    const producer = await startProducer(client, [topic], { batchBytes: 500, lingerMs: 2 })
    const broker = cluster.brokers[0]!
    const answered = proxy.answersTo(PRODUCE, 20)
    const restarted = (async () => {
      await answered
      await broker[end]()
      await broker.start()
    })()
    const written = await writeUntil(producer, topic, 3, restarted)
    const offsets = await producer.flush()
    for (const partition of [0, 1, 2]) {
      const expected = numbers(written, 3, partition)
      expect(offsets.get(tpKey(topic, partition))).toBe(expected.length - 1)
      expect(await valuesOf(client, topic, partition)).toEqual(expected)
    }
  })

  it('the transaction coordinator goes away in the middle of a transaction', async () => {
    const topic = await createTopic(client)
    const producer = await startProducer(client, [topic], {
      transactionalId: 'survivor',
      transactionTimeoutMs: 600_000,
    })
    const broker = cluster.brokers[0]!
    producer.begin()
    appendText(producer, topic, 'k', 'before')
    await producer.flush()
    await broker.stop()
    appendText(producer, topic, 'k', 'meanwhile')
    const committed = producer.commit()
    await broker.start()
    await committed
    const other = await startProducer(client, [topic], { transactionalId: 'survivor' })
    await other.close()
    expect(await valuesOf(client, topic)).toEqual(['before', 'meanwhile'])
  })
})

describeWithOwnKafka('the kafkajs producer on three brokers', () => {
  let cluster: KafkaCluster
  let client: KafkaClient

  beforeAll(async () => {
    cluster = await startKafka({ brokers: 3 })
    client = createKafkaJsClient({ ...cluster.clientConfig(), requestTimeout: 5_000 })
  })

  afterAll(async () => {
    await client?.close()
    await cluster?.close()
  })

  it('follows leaders that move, and one that is killed', async () => {
    const topic = await createTopic(client, 6, 3)
    const producer = await startProducer(client, [topic], { batchBytes: 500, lingerMs: 2 })
    const [first, second] = cluster.brokers
    const moved = (async () => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      await first!.stop()
      await first!.start()
      await second!.kill()
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    })()
    const written = await writeUntil(producer, topic, 6, moved)
    await producer.flush()
    for (let partition = 0; partition < 6; partition++) {
      expect(await valuesOf(client, topic, partition)).toEqual(numbers(written, 6, partition))
    }
  })
})
