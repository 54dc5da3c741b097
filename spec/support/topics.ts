import { setTimeout as sleep } from 'node:timers/promises'
import { type Admin, type KafkaClient } from '../../lib/kafka/port'
import { PARTITIONS } from './input'
import type { RecordHeaders } from '../../lib/record/headers'
import { type TopicPartition, tpKey } from '../../lib/record/topic-partition'

const partitionsOf = async (admin: Admin, topics: readonly string[]): Promise<TopicPartition[]> =>
  (await admin.topics(topics)).flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )

/** With `PARTITIONS` each. Resolves when the broker knows all of them. */
export const createTopics = async (client: KafkaClient, topics: readonly string[]): Promise<void> => {
  const admin = client.admin()
  await admin.createTopics(topics.map((topic) => ({ topic, partitions: PARTITIONS })))
  while ((await partitionsOf(admin, topics)).length < topics.length * PARTITIONS) await sleep(50)
  await admin.close()
}

/**
 * Until a group has worked off its inputs and what it has written to its own repartition topics. What is behind the last
 * committed offset then has been processed, with all that came of it.
 */
export const untilWorkedOff = async (
  client: KafkaClient,
  applicationId: string,
  {
    inputs,
    exactlyOnce,
    timeoutMs = 120_000,
    pollMs = 100,
  }: { inputs: readonly string[]; exactlyOnce: boolean; timeoutMs?: number; pollMs?: number },
): Promise<void> => {
  const admin = client.admin()
  const deadline = Date.now() + timeoutMs
  try {
    for (;;) {
      const internal = (await admin.listTopics()).filter(
        (topic) => topic.startsWith(`${applicationId}-`) && /-(repartition|topic)$/.test(topic),
      )
      // in this order: what is committed has written what it has led to
      const committed = await admin.groupOffsets(applicationId)
      const at = (topics: TopicPartition[]) => topics.map((partition) => ({ ...partition, at: 'latest' as const }))
      // open transactions included: offsets may be committed before the records that belong to them can be seen
      const ends = await admin.listOffsets(at(await partitionsOf(admin, [...inputs, ...internal])), 'read_uncommitted')
      const behind = [...ends].filter(([key, end]) => {
        const offset = committed.get(key)?.offset ?? 0
        // one more offset is the marker that ends a transaction
        return end > offset + (exactlyOnce && key.startsWith(`${applicationId}-`) ? 1 : 0)
      })
      if (behind.length === 0) return
      if (Date.now() > deadline) {
        const shown = behind.map(([key, end]) => `${key} at ${committed.get(key)?.offset ?? 'nothing'} of ${end}`)
        throw new Error(`${applicationId} has not worked off its input after ${timeoutMs} ms: ${shown.join(', ')}`)
      }
      await sleep(pollMs)
    }
  } finally {
    await admin.close()
  }
}

/** Until an application has committed state. */
export const untilLogged = async (client: KafkaClient, applicationId: string, timeoutMs = 120_000): Promise<void> => {
  const admin = client.admin()
  const deadline = Date.now() + timeoutMs
  try {
    for (;;) {
      const topics = (await admin.listTopics()).filter(
        (topic) => topic.startsWith(`${applicationId}-`) && topic.endsWith('-changelog'),
      )
      const at = (await partitionsOf(admin, topics)).map((partition) => ({ ...partition, at: 'latest' as const }))
      if ([...(await admin.listOffsets(at, 'read_committed')).values()].some((end) => end > 0)) return
      if (Date.now() > deadline) throw new Error(`${applicationId} has logged nothing after ${timeoutMs} ms`)
      await sleep(50)
    }
  } finally {
    await admin.close()
  }
}

export interface TopicRecord {
  readonly partition: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: RecordHeaders
}

const behind = (committed: ReadonlyMap<string, number>, ends: ReadonlyMap<string, number>): boolean =>
  [...ends].some(([key, end]) => committed.get(key)! < end)

/** Copies of all committed records of the topics, in order within a partition. Keys and values as Latin-1, byte for byte. */
export const readTopics = async (
  client: KafkaClient,
  topics: readonly string[],
): Promise<Map<string, TopicRecord[]>> => {
  const admin = client.admin()
  const partitions = await partitionsOf(admin, topics)
  const latest = partitions.map((partition) => ({ ...partition, at: 'latest' as const }))
  const ends = await admin.listOffsets(latest, 'read_uncommitted')
  // a transaction's offsets may be committed before its markers are in every partition
  while (behind(await admin.listOffsets(latest, 'read_committed'), ends)) await sleep(20)
  await admin.close()
  const records = new Map<string, TopicRecord[]>(topics.map((topic) => [topic, []]))
  const fetcher = client.fetcher({ isolation: 'read_committed' })
  const missing = new Set<string>()
  for (const { topic, partition } of partitions) {
    if (ends.get(tpKey(topic, partition)) === 0) continue
    missing.add(tpKey(topic, partition))
    fetcher.assign(topic, partition, 0)
  }
  while (missing.size > 0) {
    for (const fetched of await fetcher.poll(1000)) {
      if (fetched.error) throw fetched.error
      const { topic, partition } = fetched
      const cursor = fetched.records()
      while (cursor.advance()) {
        records.get(topic)!.push({
          partition,
          key: cursor.key?.toString('latin1') ?? null,
          value: cursor.value?.toString('latin1') ?? null,
          timestamp: cursor.timestamp,
          headers: cursor.headers(),
        })
      }
      if (fetched.nextOffset >= ends.get(tpKey(topic, partition))!) missing.delete(tpKey(topic, partition))
    }
  }
  await fetcher.close()
  return records
}
