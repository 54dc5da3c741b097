import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaJsClient } from '../../../lib/kafka/kafkajs'
import type { FetchedPartition, KafkaClient } from '../../../lib/kafka/port'
import { describeWithOwnKafka, startKafka, type KafkaBroker, type KafkaCluster } from '../../support/kafka-broker'
import { recordsOf } from '../../../lib/testing/contracts/kafka/reading'
import { appendText, startProducer } from '../../../lib/testing/contracts/kafka/writing'

const PARTITIONS = 6

describeWithOwnKafka('several brokers', () => {
  let cluster: KafkaCluster
  let client: KafkaClient

  beforeAll(async () => {
    cluster = await startKafka({ brokers: 3 })
    client = createKafkaJsClient(cluster.clientConfig())
  })
  afterAll(async () => {
    await client?.close()
    await cluster?.close()
  })

  const restart = async (broker: KafkaBroker): Promise<void> => {
    await broker.kill()
    await broker.start()
  }

  it('are read side by side, and when the leaders move, one broker after the other, reading goes on without loss', async () => {
    const topic = 'moving'
    const created = await client.admin().createTopics([{ topic, partitions: PARTITIONS, replicationFactor: 3 }])
    expect(created.get(topic)).toBe('created')
    const producer = await startProducer(client, [topic], { lingerMs: 5 })
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    for (let partition = 0; partition < PARTITIONS; partition++) fetcher.assign(topic, partition, 0)

    const seen: number[][] = Array.from({ length: PARTITIONS }, () => [])
    const take = (fetched: FetchedPartition): void => {
      if (fetched.error) throw fetched.error
      seen[fetched.partition]!.push(...recordsOf(fetched).map(({ value }) => Number(value)))
    }
    let written = 0
    let done = false
    const writing = async (): Promise<void> => {
      while (!done) {
        for (let partition = 0; partition < PARTITIONS; partition++)
          appendText(producer, topic, null, String(written), { partition })
        written++
        await producer.flush()
      }
    }
    const reading = async (): Promise<void> => {
      while (!done || seen.some(({ length }) => length < written))
        for (const fetched of await fetcher.poll(200)) take(fetched)
    }
    const work = Promise.all([writing(), reading()])
    work.catch(() => (done = true))
    for (const broker of cluster.brokers) {
      const before = written
      await restart(broker)
      while (written < before + 20 && !done) await delay(20)
    }
    done = true
    await work
    const all = Array.from({ length: written }, (_, i) => i)
    for (const values of seen) expect(values).toEqual(all)
  })

  it('each answer for the partitions that they lead', async () => {
    const topic = 'spread'
    const admin = client.admin()
    await admin.createTopics([{ topic, partitions: PARTITIONS, replicationFactor: 1 }])
    const producer = await startProducer(client, [topic])
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (let i = 0; i <= partition; i++) appendText(producer, topic, null, 'v', { partition })
    }
    await producer.flush()
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
    const ends = await admin.listOffsets(partitions.map((tp) => ({ ...tp, at: 'latest' as const })))
    expect([...ends.values()].sort()).toEqual([1, 2, 3, 4, 5, 6])
    await admin.deleteRecords(partitions.map((tp) => ({ ...tp, offset: 1 })))
    const starts = await admin.listOffsets(partitions.map((tp) => ({ ...tp, at: 'earliest' as const })))
    expect([...starts.values()]).toEqual(partitions.map(() => 1))
  })
})
