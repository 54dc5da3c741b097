import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Admin,
  ClientError,
  type Fetcher,
  type Isolation,
  type KafkaClient,
  type TopicSpec,
} from '../../lib/kafka/port'
import { NO_HEADERS } from '../../lib/record/headers'
import { partitionFor } from '../../lib/bytes/murmur2'
import type { TopicPartition } from '../../lib/record/topic-partition'
import type { InputRecord } from './workload'

/** Records are older than the default retention: a broker would delete them within minutes. */
const KEEP = { 'retention.ms': '-1' }

const KNOWN_WITHIN_MS = 30_000

/** In front of the application id, in the names of Quix Streams' internal topics. */
export const QUIX_INTERNAL = /^(changelog|repartition)__/

/** The ends of the names of internal topics that the application itself reads while it works. */
export const READ_BACK = /-(repartition|topic)$/

/** Resolves when the broker knows all of them. */
export const createTopics = async (admin: Admin, specs: readonly TopicSpec[]): Promise<void> => {
  const outcomes = await admin.createTopics(specs.map((spec) => ({ ...spec, configs: { ...KEEP, ...spec.configs } })))
  for (const outcome of outcomes.values()) if (outcome instanceof ClientError) throw outcome
  const deadline = Date.now() + KNOWN_WITHIN_MS
  for (;;) {
    const known = new Map((await admin.topics(specs.map(({ topic }) => topic))).map((meta) => [meta.topic, meta]))
    const missing = specs.filter(({ topic, partitions }) => known.get(topic)?.partitions !== partitions)
    if (missing.length === 0) return
    if (Date.now() > deadline) {
      const names = missing.map(({ topic }) => topic).join(', ')
      throw new Error(`The broker doesn't know topics ${KNOWN_WITHIN_MS / 1000} s after it created them: ${names}`)
    }
    await sleep(50)
  }
}

/** With the internal topics of the applications whose ids begin so: what is left would slow the next run down. */
export const deleteTopics = async (admin: Admin, prefix: string): Promise<void> => {
  for (;;) {
    const topics = (await admin.listTopics()).filter((topic) => topic.replace(QUIX_INTERNAL, '').startsWith(prefix))
    if (topics.length === 0) return
    try {
      await admin.deleteTopics(topics)
    } catch (error) {
      // an overloaded broker may delete and not say so in time: the request is repeated, and finds nothing
      if (!(error instanceof ClientError && error.kind === 'unknownTopic')) throw error
      await sleep(50)
    }
  }
}

export const partitionsOf = async (admin: Admin, topics: readonly string[]): Promise<TopicPartition[]> =>
  (await admin.topics(topics)).flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )

/** All partitions of all these topics. */
export const readFromStart = async (
  client: KafkaClient,
  topics: readonly string[],
  isolation: Isolation,
): Promise<Fetcher> => {
  const fetcher = client.fetcher({ isolation })
  for (const { topic, partition } of await partitionsOf(client.admin(), topics)) fetcher.assign(topic, partition, 0)
  return fetcher
}

/** Writes the records and makes sure that the topic has every one of them. Returns how many. */
export const fillTopic = async (
  client: KafkaClient,
  { topic, partitions }: { readonly topic: string; readonly partitions: number },
  records: Iterable<InputRecord>,
): Promise<number> => {
  const producer = client.producer({ lingerMs: 5 })
  const admin = client.admin()
  try {
    await producer.init()
    await producer.loadTopics([topic])
    const before = await recordCount(admin, topic)
    let written = 0
    for (const record of records) {
      // no failed batch goes unseen: `drained` and `flush` reject with it
      if (!producer.writable) await producer.drained()
      const key = Buffer.from(record.key)
      const value = typeof record.value === 'string' ? Buffer.from(record.value) : record.value
      producer.append(
        topic,
        record.partition ?? partitionFor(key, partitions),
        key,
        value,
        record.timestamp,
        NO_HEADERS,
      )
      written++
    }
    await producer.flush()
    const arrived = (await recordCount(admin, topic)) - before
    if (arrived !== written) throw new Error(`Of ${written} records written to ${topic}, ${arrived} are there`)
    return written
  } finally {
    await producer.close()
    await admin.close()
  }
}

/** Where the partitions of all these topics begin or end, by `tpKey`. */
export const offsetsOf = async (
  admin: Admin,
  topics: readonly string[],
  at: 'earliest' | 'latest',
): Promise<Map<string, number>> =>
  admin.listOffsets((await partitionsOf(admin, topics)).map((partition) => ({ ...partition, at })))

/** How many records all these topics have been given. */
export const recordCount = async (admin: Admin, ...topics: string[]): Promise<number> =>
  sumOf(await offsetsOf(admin, topics, 'latest'))

export const sumOf = (offsets: ReadonlyMap<string, number>): number =>
  [...offsets.values()].reduce((sum, offset) => sum + offset, 0)
