import { Kafka, logLevel } from 'kafkajs'
import { contest } from './contest'
import type { Contestants } from './contestants'

const PARTITIONS = 4
const STORE = 'table'

export interface RestoreOptions {
  readonly records: number
  readonly keys: number
  readonly rounds: number
}

/** A table of 100-byte values from its changelog: every round is the same application with an empty state directory. */
export const benchRestore = async (
  contestants: Contestants,
  bootstrapServers: string,
  { records, keys, rounds }: RestoreOptions,
): Promise<void> => {
  const applicationId = `restore-${Date.now()}`
  const input = `${applicationId}-input`
  const changelog = `${applicationId}-${STORE}-changelog`
  const broker = { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers }
  const admin = new Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: [{ topic: input, numPartitions: PARTITIONS }] })
    await contestants.java('GenerateTable', [changelog, records, keys, PARTITIONS], broker)
    const env = { ...broker, APPLICATION_ID: applicationId, INPUT_TOPIC: input, STORE, THREADS: '1' }
    await contest('restore', 'records', rounds, (contestant) =>
      contestants.run(contestant, { java: 'Restore', millrace: 'restore' }, env),
    )
    await admin.deleteTopics({ topics: [input, changelog] })
  } finally {
    await admin.disconnect()
  }
}
