import type { Fetcher, GroupListener, GroupMembership, KafkaClient } from '../../lib/kafka/port'
import { type TopicPartition, tpKey } from '../../lib/record/topic-partition'
import { NO_HEADERS } from '../../lib/record/headers'

const PARTITION = 0

/** What an application needs of a cluster, done once each: the facts are for a spec to assert. */
export interface ExerciseResult {
  /** Values read back after an idempotent produce. */
  readonly produced: string[]
  /** What the group's only member was given. */
  readonly assigned: TopicPartition[]
  /** The group's offset after a plain commit. */
  readonly committed: number | undefined
  /** Values that a read_committed fetcher sees of one committed and one aborted transaction. */
  readonly transacted: string[]
  /** The group's offset after the committed transaction carried a later one (KIP-447), and the aborted one another. */
  readonly committedInTransaction: number | undefined
}

/** Produces, fetches, joins a group and commits, and runs transactions with offsets, through the port. */
export const exercise = async (client: KafkaClient, name: string): Promise<ExerciseResult> => {
  const topic = `${name}-plain`
  const transactional = `${name}-transactional`
  const admin = client.admin()
  await admin.createTopics([topic, transactional].map((each) => ({ topic: each, partitions: 1 })))

  const producer = client.producer({ lingerMs: 0 })
  await producer.init()
  await producer.loadTopics([topic])
  for (let i = 0; i < 10; i++)
    producer.append(topic, PARTITION, bytes(`key-${i}`), bytes(`value-${i}`), 1_000 + i, NO_HEADERS)
  await producer.flush()
  await producer.close()
  const produced = await readAll(client, topic, 10)

  const { membership, assigned } = await joinAlone(client, `${name}-group`, topic)
  const at = { topic, partition: PARTITION }
  await membership.commit([{ ...at, offset: 4, metadata: '' }])
  const committed = (await membership.committed([at])).get(tpKey(topic, PARTITION))?.offset

  const transactions = client.producer({ transactionalId: `${name}-tx`, lingerMs: 0 })
  await transactions.init()
  await transactions.loadTopics([transactional])
  const send = (value: string): void =>
    transactions.append(transactional, PARTITION, null, bytes(value), 1_000, NO_HEADERS)
  transactions.begin()
  send('committed')
  await transactions.sendOffsets([{ ...at, offset: 7, metadata: '' }], membership.metadata())
  await transactions.commit()
  transactions.begin()
  send('aborted')
  await transactions.sendOffsets([{ ...at, offset: 9, metadata: '' }], membership.metadata())
  await transactions.abort()
  transactions.begin()
  send('committed too')
  await transactions.commit()
  await transactions.close()
  const transacted = await readAll(client, transactional, 2)
  const committedInTransaction = (await membership.committed([at])).get(tpKey(topic, PARTITION))?.offset

  await membership.leave()
  await admin.close()
  return { produced, assigned, committed, transacted, committedInTransaction }
}

const bytes = (text: string): Buffer => Buffer.from(text)

/** Reads to the end of the partition, at least `atLeast` records. */
const readAll = async (client: KafkaClient, topic: string, atLeast: number): Promise<string[]> => {
  const fetcher: Fetcher = client.fetcher({ isolation: 'read_committed' })
  fetcher.assign(topic, PARTITION, 0)
  const values: string[] = []
  try {
    for (;;) {
      for (const fetched of await fetcher.poll(1_000)) {
        if (fetched.error) throw fetched.error
        const cursor = fetched.records()
        while (cursor.advance()) values.push(String(cursor.value))
        if (values.length >= atLeast && fetched.nextOffset >= fetched.endOffset) return values
      }
    }
  } finally {
    await fetcher.close()
  }
}

const joinAlone = async (
  client: KafkaClient,
  groupId: string,
  topic: string,
): Promise<{ membership: GroupMembership; assigned: TopicPartition[] }> => {
  const assigned: TopicPartition[] = []
  const listener: GroupListener = {
    subscription: () => ({ topics: [topic], userData: Buffer.alloc(0) }),
    assign: (members) =>
      Promise.resolve(
        new Map(
          members.map(({ memberId }) => [
            memberId,
            { partitions: [{ topic, partition: PARTITION }], userData: Buffer.alloc(0) },
          ]),
        ),
      ),
    beforeRejoin: () => Promise.resolve(),
    assigned: (assignment) => {
      assigned.push(...assignment.partitions)
      return Promise.resolve('stable')
    },
    lost: () => Promise.resolve(),
    failed: (cause) => {
      throw cause
    },
  }
  const membership = client.group(
    { groupId, protocol: 'exercise', sessionTimeoutMs: 60_000, heartbeatIntervalMs: 500, rebalanceTimeoutMs: 60_000 },
    listener,
  )
  await membership.join()
  return { membership, assigned }
}

/** What `exercise` must return. */
export const expectedExercise = (name: string): ExerciseResult => ({
  produced: Array.from({ length: 10 }, (_, i) => `value-${i}`),
  assigned: [{ topic: `${name}-plain`, partition: PARTITION }],
  committed: 4,
  transacted: ['committed', 'committed too'],
  committedInTransaction: 7,
})
