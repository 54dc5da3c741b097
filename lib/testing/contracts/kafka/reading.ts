import type { FetchedPartition, Fetcher, Isolation, KafkaClient } from '../../../kafka/port'
import { tpKey } from '../../../record/topic-partition'

export interface ReadRecord {
  partition: number
  offset: number
  timestamp: number
  key: string | null
  value: string | null
  headers: [string, string | null][]
}

/** The records of one fetched partition, copied out. */
export const recordsOf = (fetched: FetchedPartition): ReadRecord[] => {
  const records: ReadRecord[] = []
  const cursor = fetched.records()
  while (cursor.advance()) {
    records.push({
      partition: fetched.partition,
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: cursor.key?.toString() ?? null,
      value: cursor.value?.toString() ?? null,
      headers: cursor.headers().map(([name, value]) => [name, value?.toString() ?? null]),
    })
  }
  return records
}

/** Polls until something comes that `wanted` accepts. */
export const pollFor = async (
  fetcher: Fetcher,
  wanted: (fetched: FetchedPartition) => boolean = () => true,
): Promise<FetchedPartition> => {
  for (;;) for (const fetched of await fetcher.poll(5_000)) if (wanted(fetched)) return fetched
}

/** Everything that a topic has for this isolation level, read to the end by a fetcher of its own. */
export const readTopic = async (
  client: KafkaClient,
  topic: string,
  isolation: Isolation = 'read_committed',
): Promise<ReadRecord[]> => {
  const admin = client.admin()
  const [metadata] = await admin.topics([topic])
  const partitions = Array.from({ length: metadata!.partitions }, (_, partition) => ({ topic, partition }))
  const starts = await admin.listOffsets(partitions.map((tp) => ({ ...tp, at: 'earliest' as const })))
  const ends = await admin.listOffsets(
    partitions.map((tp) => ({ ...tp, at: 'latest' as const })),
    isolation,
  )
  const fetcher = client.fetcher({ isolation })
  const missing = new Set<number>()
  for (const { partition } of partitions) {
    const key = tpKey(topic, partition)
    if (starts.get(key)! >= ends.get(key)!) continue
    missing.add(partition)
    fetcher.assign(topic, partition, starts.get(key)!)
  }
  const records: ReadRecord[] = []
  while (missing.size > 0) {
    for (const fetched of await fetcher.poll(5_000)) {
      if (fetched.error) throw fetched.error
      records.push(...recordsOf(fetched))
      if (fetched.nextOffset >= ends.get(tpKey(topic, fetched.partition))!) missing.delete(fetched.partition)
    }
  }
  await fetcher.close()
  await admin.close()
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/**
 * Until no transaction is open in the topic: a broker answers a commit or abort before it has written the markers that
 * end the transaction in its partitions.
 */
export const untilTransactionsEnd = async (client: KafkaClient, topic: string): Promise<void> => {
  const admin = client.admin()
  const [metadata] = await admin.topics([topic])
  const at = Array.from({ length: metadata!.partitions }, (_, partition) => ({
    topic,
    partition,
    at: 'latest' as const,
  }))
  for (;;) {
    // in this order: what is appended in between makes it look open, never ended
    const stable = await admin.listOffsets(at, 'read_committed')
    const end = await admin.listOffsets(at, 'read_uncommitted')
    if ([...end].every(([key, offset]) => stable.get(key) === offset)) break
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await admin.close()
}
