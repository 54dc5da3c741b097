import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { partitionFor } from '../../lib/bytes/murmur2'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import { KafkaProducer } from '../../lib/runtime/producer/kafka-producer'
import * as serdes from '../../lib/serdes'
import { describeWithKafka } from '../support/kafka-broker'

describeWithKafka('a producer on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  const name = `producer-${Math.random().toString(36).slice(2, 8)}`
  const [orders, totals, audit] = [`${name}-orders`, `${name}-totals`, `${name}-audit`]
  const long = { key: serdes.string(), value: serdes.long() }
  let client: KafkaClient
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-producer-'))
    client = connect(kafka, { clientId: name, logger: silentLogger })
    const admin = client.admin()
    await admin.createTopics([orders, totals, audit].map((topic) => ({ topic, partitions: 3 })))
    await admin.close()
  })

  afterAll(async () => {
    await client?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Records of a topic as `key value`, until there are so many. */
  const read = async (topic: string, count: number): Promise<string[]> => {
    const found: string[] = []
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    for (const partition of [0, 1, 2]) fetcher.assign(topic, partition, 0)
    while (found.length < count) {
      for (const fetched of await fetcher.poll(1000)) {
        const cursor = fetched.records()
        while (cursor.advance()) {
          found.push(`${cursor.key!.toString()} ${serdes.long().deserialize(topic, cursor.value!, [])}`)
        }
      }
    }
    await fetcher.close()
    return found
  }

  it('writes what the topology reads, alone and in transactions, where the key belongs', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(orders, long)
      .groupByKey()
      .reduce((sum, amount) => sum + amount, 'totals')
      .toStream()
      .to(totals, long)
    const streams = new KafkaStreams(builder.build(), {
      applicationId: name,
      kafka,
      stateDir: folder,
      processingGuarantee: 'exactly_once',
      statestoreCacheMaxBytes: 0,
      logger: silentLogger,
    })
    const producer = streams.producer({ topics: { [orders]: long, [audit]: long } })
    const sent = await Promise.all(['a', 'b', 'c', 'd'].map((key) => producer.send(orders, key, 1)))
    expect(sent.map(({ partition }) => partition)).toEqual(['a', 'b', 'c', 'd'].map((key) => partitionFor(key, 3)))
    const failed = producer.transaction(async (tx) => {
      await tx.send(orders, 'a', 100)
      throw new Error('out of stock')
    })
    await expect(failed).rejects.toThrow('out of stock')
    const last = await producer.transaction(async (tx) => {
      await tx.send(audit, 'a', 10)
      return tx.send(orders, 'a', 10)
    })
    // behind those of a, the aborted record and its marker, at least
    expect(last.offset).toBeGreaterThanOrEqual(3)
    await streams.start()
    expect((await read(totals, 5)).sort()).toEqual(['a 1', 'a 11', 'b 1', 'c 1', 'd 1'])
    expect(await read(audit, 1)).toEqual(['a 10'])
    expect(await streams.close()).toBe(true)
    await expect(producer.send(orders, 'a', 1)).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
  })

  it('without a topology, rejects what has no topic, and leaves nothing open', async () => {
    const producer = new KafkaProducer({
      kafka,
      topics: { [`${name}-absent`]: long, [audit]: long },
      maxBlock: '3s',
      logger: silentLogger,
    })
    await expect(producer.send(`${name}-absent`, 'a', 1)).rejects.toMatchObject({
      location: { topic: `${name}-absent` },
    })
    expect(await producer.close()).toBe(true)
  })
})
