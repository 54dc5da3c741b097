import { partitionFor } from '../../lib/bytes/murmur2'
import type { KafkaClient } from '../../lib/kafka/port'
import type { RecordHeaders } from '../../lib/record/headers'

export interface InputRecord {
  readonly topic: string
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
  readonly headers: RecordHeaders
}

/** Of all topics of a test. */
export const PARTITIONS = 2

const HOUR_MS = 3_600_000
/** Full hour, as windows begin at full ones, and lately: the broker deletes what is older than its retention. */
export const START = Math.floor(Date.now() / HOUR_MS - 1) * HOUR_MS

export const LETTERS: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'f']

export const partitionOf = (key: string): number => partitionFor(Buffer.from(key), PARTITIONS)

/** Keys of one letter lie in the partition of that letter: what is grouped by it comes from one task, in one order. */
export const KEYS: readonly string[] = LETTERS.flatMap((letter) =>
  Array.from({ length: 40 }, (_, n) => `${letter}${n}`)
    .filter((key) => partitionOf(key) === partitionOf(letter))
    .slice(0, 3),
)

/** The same numbers each time, from 0 up to the bound. */
export const repeatableRandom = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % below
  }
}

/** Writes records by the default partitioner; `of` gives the full name of a record's topic. */
export const feed = async (
  client: KafkaClient,
  records: readonly InputRecord[],
  of: (topic: string) => string,
): Promise<void> => {
  const producer = client.producer({ lingerMs: 0 })
  await producer.init()
  await producer.loadTopics([...new Set(records.map(({ topic }) => of(topic)))])
  for (const { topic, key, value, timestamp, headers } of records) {
    const bytes = value === null ? null : Buffer.from(value)
    producer.append(of(topic), partitionOf(key), Buffer.from(key), bytes, timestamp, headers)
  }
  await producer.flush()
  await producer.close()
}
