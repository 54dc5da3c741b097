import type { KafkaClient } from '../../../lib/kafka/port'
import type { RecordHeaders } from '../../../lib/record/headers'
import { tpKey } from '../../../lib/record/topic-partition'
import { offsetsOf, READ_BACK, readFromStart, recordCount, sumOf } from '../topics'

export interface SampleRecord {
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: RecordHeaders
}

/** A topic that an application has written: how many records, and some of them, which stand for all. */
export interface WrittenTopic {
  /** Without the application id in front of it. */
  readonly name: string
  readonly partitions: number
  readonly records: number
  readonly samples: readonly SampleRecord[]
}

const SAMPLES_PER_PARTITION = 1000

/**
 * Every topic that begins with the application id, results and internal ones alike, and has had records. A changelog of windows of long
 * ago may have lost all of them to its retention: records of the results stand for those.
 */
export const writtenBy = async (client: KafkaClient, applicationId: string): Promise<WrittenTopic[]> => {
  const admin = client.admin()
  const prefix = `${applicationId}-`
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
  const written: WrittenTopic[] = []
  for (const topic of topics) {
    const ends = await offsetsOf(admin, [topic], 'latest')
    const records = sumOf(ends)
    if (records === 0) continue
    const samples = await sample(client, topic, await offsetsOf(admin, [topic], 'earliest'), ends)
    written.push({ name: topic.slice(prefix.length), partitions: ends.size, records, samples })
  }
  const results = written.find(({ name, samples }) => name.startsWith('out') && samples.length > 0)
  return written.map((topic) => {
    if (topic.samples.length > 0) return topic
    if (results?.partitions === topic.partitions) return { ...topic, samples: results.samples }
    throw new Error(`${prefix}${topic.name} has none of its ${topic.records} records left to take as a sample`)
  })
}

/** What the bare client does in an application's place. */
export interface Traffic {
  /** Topics to read. */
  readonly inputs: readonly string[]
  readonly written: readonly WrittenTopic[]
  /** In front of the names of the topics to write, which exist. */
  readonly applicationId: string
}

/**
 * Reads the inputs, and meanwhile writes as many records of the same bytes as the application has written, evenly spread, and
 * reads back what an application reads itself. Resolves when all of it is read and on the broker; `halfway` is called on the way.
 */
export const repeatTraffic = async (
  client: KafkaClient,
  { inputs, written, applicationId }: Traffic,
  halfway: () => void,
): Promise<void> => {
  const admin = client.admin()
  const copies = written.map((topic) => ({ ...topic, topic: `${applicationId}-${topic.name}`, sent: 0 }))
  const readBack = copies.filter(({ name }) => READ_BACK.test(name))
  const producer = client.producer({})
  await producer.init()
  await producer.loadTopics(copies.map(({ topic }) => topic))
  const topics = [...inputs, ...readBack.map(({ topic }) => topic)]
  const fetcher = await readFromStart(client, topics, 'read_uncommitted')
  const inputTotal = await recordCount(admin, ...inputs)
  const total = readBack.reduce((all, { records }) => all + records, inputTotal)
  const isInput = new Set(inputs)
  let [read, inputsRead] = [0, 0]
  for (let half = false; read < total;) {
    for (const fetched of await fetcher.poll(1000)) {
      if (fetched.error) throw fetched.error
      const cursor = fetched.records()
      let count = 0
      while (cursor.advance()) count++
      read += count
      if (!isInput.has(fetched.topic)) continue
      inputsRead += count
      for (const copy of copies) {
        const due = Math.floor((copy.records * inputsRead) / inputTotal)
        for (; copy.sent < due; copy.sent++) {
          const { partition, key, value, timestamp, headers } = copy.samples[copy.sent % copy.samples.length]!
          producer.append(copy.topic, partition, key, value, timestamp, headers)
        }
      }
      if (!producer.writable) await producer.drained()
    }
    if (!half && read * 2 >= total) {
      half = true
      halfway()
    }
  }
  await producer.flush()
}

const sample = async (
  client: KafkaClient,
  topic: string,
  starts: ReadonlyMap<string, number>,
  ends: ReadonlyMap<string, number>,
): Promise<SampleRecord[]> => {
  const fetcher = client.fetcher({ isolation: 'read_committed' })
  const open = new Set<number>()
  for (let partition = 0; partition < ends.size; partition++) {
    const key = tpKey(topic, partition)
    if (starts.get(key)! >= ends.get(key)!) continue
    open.add(partition)
    fetcher.assign(topic, partition, starts.get(key)!)
  }
  const samples: { readonly place: number; readonly record: SampleRecord }[] = []
  const passOver = (partition: number): void => {
    open.delete(partition)
    fetcher.unassign(topic, partition)
  }
  while (open.size > 0) {
    for (const fetched of await fetcher.poll(1000)) {
      const { error, partition, nextOffset } = fetched
      if (!open.has(partition)) continue
      if (error?.kind === 'offsetOutOfRange') {
        // the broker has deleted a segment since it was asked
        const start = (await offsetsOf(client.admin(), [topic], 'earliest')).get(tpKey(topic, partition))!
        if (start < ends.get(tpKey(topic, partition))!) fetcher.assign(topic, partition, start)
        else passOver(partition)
        continue
      }
      if (error) throw error
      const cursor = fetched.records()
      let count = 0
      while (count < SAMPLES_PER_PARTITION && cursor.advance()) {
        const { key, value, timestamp } = cursor
        const record = { partition, key: copied(key), value: copied(value), timestamp, headers: cursor.headers() }
        samples.push({ place: count++, record })
      }
      if (count === 0 && nextOffset < ends.get(tpKey(topic, partition))!) continue
      passOver(partition)
    }
  }
  await fetcher.close()
  // as an application writes: to one partition after the other, not a thousand to each
  return samples.sort((a, b) => a.place - b.place).map(({ record }) => record)
}

const copied = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes))
