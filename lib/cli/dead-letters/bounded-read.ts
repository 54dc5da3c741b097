import type { Admin, KafkaClient, RecordCursor } from '../../kafka/port'
import { tpKey, type TopicPartition } from '../../record/topic-partition'

/** What to read of a topic: from a partition's first offset up to, and without, its last one. */
export interface ReadRange extends TopicPartition {
  readonly from: number
  readonly to: number
}

/** What the partitions have now of committed records; `from` raises where each begins. */
export const rangesOf = async (
  admin: Admin,
  partitions: readonly TopicPartition[],
  from: (partition: TopicPartition) => number = () => 0,
): Promise<ReadRange[]> => {
  const [starts, ends] = await Promise.all([
    admin.listOffsets(partitions.map((tp) => ({ ...tp, at: 'earliest' as const }))),
    admin.listOffsets(
      partitions.map((tp) => ({ ...tp, at: 'latest' as const })),
      'read_committed',
    ),
  ])
  return partitions.map(({ topic, partition }) => {
    const key = tpKey(topic, partition)
    return { topic, partition, from: Math.max(starts.get(key)!, from({ topic, partition })), to: ends.get(key)! }
  })
}

const POLL_MS = 1_000

/** A record where it is read: valid until the next one. */
export type ReadRecord = TopicPartition & { readonly cursor: RecordCursor }

/** Reads to the end of the ranges, whatever is written in between. Records come in order within a partition. */
export async function* boundedRead(
  client: KafkaClient,
  ranges: readonly ReadRange[],
): AsyncGenerator<ReadRecord, void, undefined> {
  const ends = new Map<string, number>()
  const fetcher = client.fetcher({ isolation: 'read_committed' })
  try {
    for (const { topic, partition, from, to } of ranges) {
      if (from >= to) continue
      ends.set(tpKey(topic, partition), to)
      fetcher.assign(topic, partition, from)
    }
    while (ends.size > 0) {
      for (const fetched of await fetcher.poll(POLL_MS)) {
        const { topic, partition, error, nextOffset } = fetched
        const end = ends.get(tpKey(topic, partition))
        if (end === undefined) continue
        if (error !== undefined) throw error
        const cursor = fetched.records()
        while (cursor.advance() && cursor.offset < end) yield { topic, partition, cursor }
        if (nextOffset < end) continue
        ends.delete(tpKey(topic, partition))
        fetcher.unassign(topic, partition)
      }
    }
  } finally {
    await fetcher.close()
  }
}
