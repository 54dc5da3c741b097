import { ClientError } from '../../port'
import type { PartitionResult } from './requests'
import type { KafkaConnection } from '../connection/connection'
import { errorFromCode, isRetriable } from '../protocol/errors'
import type { Frame } from '../protocol/frame'
import type { TopicLeaders } from '../connection/metadata'
import { tpKey, type TopicPartition } from '../../../record/topic-partition'

/** A topic just created may be unknown to some brokers for a moment. */
const LOOKUPS_OF_UNKNOWN_TOPIC = 4

/** Requests about partitions, each to its leader; repeats for those whose leader has moved. */
export class LeaderRequests {
  constructor(private readonly connection: KafkaConnection) {}

  /** Rejects with the first error of a partition that can't be retried. */
  async send<T extends TopicPartition, R extends PartitionResult>(
    doing: string,
    items: readonly T[],
    frame: (items: readonly T[], timeoutMs: number) => Frame<R[]>,
  ): Promise<R[]> {
    const results: R[] = []
    let left = items
    let unknown = 0
    const timeoutMs = this.connection.requestTimeoutMs
    if (left.length === 0) return results
    await this.connection.retry(doing, async () => {
      const { topics } = await this.connection.fetchMetadata([...new Set(left.map(({ topic }) => topic))])
      const done = new Set<string>()
      let failure: ClientError | undefined
      const answers = await Promise.all(
        [...byLeader(topics, left)].map(async ([leader, part]) => {
          try {
            return await this.connection.send(leader, frame(part, timeoutMs), timeoutMs)
          } catch (error) {
            // a leader that can't be reached fails its own partitions only
            if (!isRetriable(error)) throw error
            failure = error
            return []
          }
        }),
      )
      for (const answer of answers.flat()) {
        const { topic, partition, errorCode } = answer
        if (errorCode === 0) {
          results.push(answer)
          done.add(tpKey(topic, partition))
          continue
        }
        const error = errorFromCode(errorCode, `${doing} of ${topic}-${partition}`, { topic, partition })
        if (error.kind !== 'retriable' && error.kind !== 'unknownTopic') throw error
        failure ??= error
      }
      left = left.filter(({ topic, partition }) => !done.has(tpKey(topic, partition)))
      if (left.length === 0) return
      failure ??= leaderless(topics, doing, left[0]!)
      const final =
        failure.kind === 'unknownTopic' ? ++unknown >= LOOKUPS_OF_UNKNOWN_TOPIC : failure.kind !== 'retriable'
      if (final) throw failure
      throw new ClientError('retriable', failure.message, failure.code, failure.partition, { cause: failure })
    })
    return results
  }
}

const byLeader = <T extends TopicPartition>(topics: Topics, items: readonly T[]): Map<number, T[]> => {
  const leaders = new Map<number, T[]>()
  for (const item of items) {
    const leader = topics.get(item.topic)?.partitions[item.partition]?.leader ?? NO_LEADER
    if (leader !== NO_LEADER && !leaders.get(leader)?.push(item)) leaders.set(leader, [item])
  }
  return leaders
}

const leaderless = (topics: Topics, doing: string, { topic, partition }: TopicPartition): ClientError => {
  const known = topics.get(topic)
  const missing = !known || (known.errorCode === 0 && partition >= known.partitions.length)
  const errorCode = missing ? UNKNOWN_TOPIC_OR_PARTITION : known.errorCode || LEADER_NOT_AVAILABLE
  return errorFromCode(errorCode, `${doing} of ${topic}-${partition}`, { topic, partition })
}

type Topics = ReadonlyMap<string, TopicLeaders>

const NO_LEADER = -1
const UNKNOWN_TOPIC_OR_PARTITION = 3
const LEADER_NOT_AVAILABLE = 5
