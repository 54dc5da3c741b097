import type { KafkaClient } from '../../lib/kafka/port'
import { murmur2 } from '../../lib/bytes/murmur2'
import { tpKey } from '../../lib/record/topic-partition'
import { partitionsOf } from './topics'

/** Of what a run has written, so that two runs can be compared: how much, and a sum that doesn't depend on the order of keys. */
export interface Digest {
  readonly records: number
  readonly sum: number
}

/** What `digestOf` gives for a topic with the rows of this table. */
export const digestOfTable = (table: ReadonlyMap<string, string>): Digest => {
  let sum = 0
  for (const [key, value] of table) sum = (sum + hashOf(Buffer.from(key), Buffer.from(value))) % 2 ** 32
  return { records: table.size, sum }
}

const hashOf = (key: Buffer, value: Buffer | null): number =>
  value === null ? 0 : (Math.imul(murmur2(key), 31) + murmur2(value)) >>> 0

/** Of closing records, which differ from run to run. */
export const CLOSING_KEY = 'closing'

const STALLED_MS = 60_000

/** Of a table the last value of each key, of a stream every record. Reads what is committed. */
export const digestOf = async (client: KafkaClient, topic: string, compared: 'table' | 'stream'): Promise<Digest> => {
  const admin = client.admin()
  const fetcher = client.fetcher({ isolation: 'read_committed' })
  try {
    const partitions = (await partitionsOf(admin, [topic])).map((each) => ({ ...each, at: 'latest' as const }))
    const ends = await admin.listOffsets(partitions, 'read_committed')
    let [records, sum] = [0, 0]
    for (const { partition } of partitions) {
      const end = ends.get(tpKey(topic, partition))!
      const table = new Map<string, number>()
      fetcher.assign(topic, partition, 0)
      let movedAt = performance.now()
      for (let at = 0; at < end;) {
        for (const fetched of await fetcher.poll(1000)) {
          if (fetched.error) throw fetched.error
          const cursor = fetched.records()
          while (cursor.advance()) {
            const { key, value } = cursor
            if (key === null || key.toString('latin1').startsWith(CLOSING_KEY)) continue
            const hash = hashOf(key, value)
            if (compared === 'stream') {
              records++
              sum = (sum + hash) % 2 ** 32
            } else if (value === null) table.delete(key.toString('latin1'))
            else table.set(key.toString('latin1'), hash)
          }
          at = fetched.nextOffset
          movedAt = performance.now()
        }
        if (performance.now() - movedAt > STALLED_MS) {
          throw new Error(`${topic}-${partition} gave nothing for ${STALLED_MS / 1000} s, at offset ${at} of ${end}`)
        }
      }
      fetcher.unassign(topic, partition)
      records += table.size
      for (const hash of table.values()) sum = (sum + hash) % 2 ** 32
    }
    return { records, sum }
  } finally {
    await fetcher.close()
    await admin.close()
  }
}
