import { StreamsError } from '../../errors'
import { type Admin } from '../../kafka/port'
import type { CompiledTopology, SubTopology } from '../../topology/definition'
import { type OffsetReset, resetTarget } from '../../topology/offset-reset'
import { readsTopic } from '../../topology/topic-pattern'
import { type TopicPartition, tpKey } from '../../record/topic-partition'

export interface InputToStart extends TopicPartition {
  readonly committed: number | undefined
  readonly reset: OffsetReset
}

/** By `tpKey`: the committed offset, or else the one chosen by the reset policy. */
export const startPositions = async (admin: Admin, inputs: readonly InputToStart[]): Promise<Map<string, number>> => {
  const positions = new Map<string, number>()
  const now = Date.now()
  const unknown: (TopicPartition & { at: 'earliest' | 'latest' | number })[] = []
  for (const { topic, partition, committed, reset } of inputs) {
    if (committed !== undefined) positions.set(tpKey(topic, partition), committed)
    else if (reset === 'none') {
      throw new StreamsError(
        'OFFSET_OUT_OF_RANGE',
        `partition ${partition} of source topic ${topic} has no committed offset, and its offset reset policy is 'none': ` +
          "set the offset with Kafka's tools, or use 'earliest' or 'latest'",
        { topic, partition },
      )
    } else unknown.push({ topic, partition, at: resetTarget(reset, now) })
  }
  if (unknown.length > 0) {
    for (const [key, offset] of await admin.listOffsets(unknown)) positions.set(key, offset)
  }
  return positions
}

/** Where a reset policy starts to read. */
export const resetPosition = async (
  admin: Admin,
  { topic, partition }: TopicPartition,
  reset: Exclude<OffsetReset, 'none'>,
): Promise<number> => {
  const offsets = await admin.listOffsets([{ topic, partition, at: resetTarget(reset, Date.now()) }])
  return offsets.get(tpKey(topic, partition))!
}

/** The policy of the source that reads a topic, else the app's. Repartition topics are always read from the beginning. */
export const offsetResetOf = (
  sub: SubTopology,
  topic: string,
  appDefault: OffsetReset,
  { topicName }: Pick<CompiledTopology, 'topicName'>,
): OffsetReset => {
  if (sub.repartitionSourceTopics.has(topic)) return 'earliest'
  for (const node of sub.nodes) {
    if (node.kind !== 'source' || node.offsetReset === undefined) continue
    if (readsTopic(node.topics, topic, topicName)) return node.offsetReset
  }
  return appDefault
}
