import type { CommittedOffset, Producer } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { ChangelogRecord } from '../../state/store'
import { REFILL_HEADER, REFILLING } from '../changelog/owner-epochs'
import type { ChangelogGap } from './start-plan'
import type { TaskIdentity } from './task'
import type { TaskStores } from './task-stores'

/** What follows the record is still to be written: nobody else may take the changelog for complete. */
const INCOMPLETE: RecordHeaders = [[REFILL_HEADER, null]]

/** Whether local state contains everything up to the committed offsets of its inputs. */
export const isComplete = (
  { inputs }: TaskIdentity,
  { state }: TaskStores,
  committed: ReadonlyMap<string, CommittedOffset>,
): boolean => {
  const contained = state.changelogOffsets()
  return inputs.every(({ topic, partition }) => {
    const key = tpKey(topic, partition)
    const next = committed.get(key)?.offset ?? 0
    return next === 0 || (contained.get(key) ?? -1) + 1 >= next
  })
}

/** Writes the contents of stores to changelogs that lack them: the topics were deleted and created again, or lost their ends. */
export const refillChangelogs = async (
  stores: TaskStores,
  gaps: readonly ChangelogGap[],
  producer: Producer,
  logger: Logger,
): Promise<void> => {
  const keys = gaps.map(({ changelog }) => tpKey(changelog.topic, changelog.partition))
  await stores.state.commit(new Map(keys.map((key) => [key, REFILLING])))
  await stores.openStores()
  // local state knows epochs that a new topic does not: without them in the log, those of later owners would look stale here
  stores.epochs.claim()
  await producer.init()
  await producer.loadTopics(gaps.map(({ changelog }) => changelog.topic))
  for (const { store, changelog } of gaps) {
    const records = await refill(stores, store, changelog, producer)
    stores.epochs.of(changelog)?.refilled(records)
    logger.info(
      { taskId: stores.id, store, ...changelog, records },
      `refilled changelog ${changelog.topic} of store ${store}`,
    )
  }
  const acked = await producer.flush()
  await stores.state.commit(stores.epochs.addTo(new Map(keys.map((key) => [key, acked.get(key) ?? -1]))))
}

const refill = async (
  stores: TaskStores,
  name: string,
  { topic, partition }: TopicPartition,
  producer: Producer,
): Promise<number> => {
  const store = stores.all.find((candidate) => candidate.name === name)!
  const append = ({ key, value, timestamp, headers }: ChangelogRecord, mark: RecordHeaders): void => {
    // stores without timestamps of their own log the time of sending
    const time = timestamp < 0 ? Date.now() : timestamp
    const marked = [...(headers?.() ?? NO_HEADERS), ...mark]
    producer.append(topic, partition, key, value, time, stores.epochs.headersFor(topic, marked))
  }
  let records = 0
  let last: ChangelogRecord | undefined
  for await (const record of store.changelogRecords()) {
    if (last !== undefined) append(last, INCOMPLETE)
    last = { ...record, key: Buffer.from(record.key), value: record.value && Buffer.from(record.value) }
    records++
    if (!producer.writable) await producer.drained()
  }
  if (last !== undefined) append(last, NO_HEADERS)
  return records
}
