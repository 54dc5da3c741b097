import {
  ClientError,
  type Admin,
  type CommittedOffset,
  type GroupDescription,
  type GroupListing,
  type Isolation,
  type TopicMetadata,
  type TopicSpec,
} from '../../port'
import {
  alterTopicConfigsFrame,
  createTopicsFrame,
  deleteRecordsFrame,
  deleteTopicsFrame,
  describeTopicConfigsFrame,
  listOffsetsFrame,
  type NamedResult,
  type OffsetQuery,
} from './requests'
import {
  deleteGroupFrame,
  deleteGroupOffsetsFrame,
  describeGroupFrame,
  groupOffsetsFrame,
  listGroupsFrame,
} from './group-requests'
import { LeaderRequests } from './leaders'
import { offsetCommit } from '../group/requests'
import type { KafkaConnection } from '../connection/connection'
import { brokerError } from '../protocol/error-codes'
import { closedError, errorFromCode, isRetriable, throwOnCode } from '../protocol/errors'
import type { Frame } from '../protocol/frame'
import type { TopicLeaders } from '../connection/metadata'
import { tpKey, type TopicPartition } from '../../../record/topic-partition'

const TOPIC_ALREADY_EXISTS = 36
const GROUP_ID_NOT_FOUND = 69
/** What the broker may take beyond the time that it is given for the work itself. */
const ANSWER_WITHIN_MS = 5_000
/** How long a topic just created may take to have its leaders. */
const LEADERS_WITHIN_MS = 10_000

/** Each call retries `retriable` failures, for as long as `KafkaConnection.retry` does. */
export class KafkaAdmin implements Admin {
  private readonly leaders: LeaderRequests

  /** The connection is this admin's own, and closed with it. */
  constructor(private readonly connection: KafkaConnection) {
    this.leaders = new LeaderRequests(connection)
  }

  async topics(names: readonly string[]): Promise<TopicMetadata[]> {
    const found = await this.metadata('describing topics', names)
    return names.map((topic) => {
      const errorCode = found.get(topic)?.errorCode ?? UNKNOWN_TOPIC
      if (errorCode === 0) return { topic, partitions: found.get(topic)!.partitions.length }
      return { topic, partitions: 0, error: errorFromCode(errorCode, `describing topic ${topic}`) }
    })
  }

  async listTopics(): Promise<string[]> {
    const found = await this.metadata('listing topics', null)
    return [...found].filter(([, topic]) => topic.errorCode === 0 && !topic.internal).map(([name]) => name)
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<Map<string, 'created' | 'exists' | ClientError>> {
    const results = new Map<string, 'created' | 'exists' | ClientError>()
    let left = specs
    const attempt = async (): Promise<void> => {
      const answers = await this.toController('creating topics', (timeoutMs) => createTopicsFrame(left, timeoutMs))
      for (const answer of answers) results.set(answer.name, created(answer))
      left = left.filter(({ topic }) => isRetriable(results.get(topic)))
      const failure = left[0] && results.get(left[0].topic)
      if (failure instanceof ClientError) throw failure
    }
    try {
      if (left.length > 0) await this.retry('creating topics', attempt)
    } catch (error) {
      // with an answer for each, the last ones stand as they are
      if (specs.some(({ topic }) => !results.has(topic))) throw error
    }
    await this.awaitLeaders(specs.map(({ topic }) => topic).filter((topic) => results.get(topic) === 'created'))
    return results
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    const doing = 'deleting topics'
    const refused = new Map<string, ClientError>()
    /** An attempt has failed that may have deleted them: one that is missing then is gone. */
    const attempted = new Set<string>()
    let left = topics
    const attempt = async (): Promise<void> => {
      const answers = await this.toController(doing, (timeoutMs) => deleteTopicsFrame(left, timeoutMs)).catch(
        (error: unknown) => {
          if (mayHaveBeenDone(error)) for (const topic of left) attempted.add(topic)
          throw error
        },
      )
      const failures = new Map<string, ClientError>()
      for (const { name, errorCode } of answers) {
        if (errorCode === 0 || (errorCode === UNKNOWN_TOPIC && attempted.has(name))) continue
        failures.set(name, errorFromCode(errorCode, `deleting topic ${name}`))
      }
      for (const [name, failure] of failures) {
        if (isRetriable(failure)) attempted.add(name)
        else refused.set(name, failure)
      }
      left = left.filter((topic) => isRetriable(failures.get(topic)))
      if (left.length > 0) throw failures.get(left[0]!)!
    }
    if (left.length > 0) await this.retry(doing, attempt)
    for (const failure of refused.values()) throw failure
  }

  async topicConfigs(topic: string): Promise<Map<string, { value: string | null; isDefault: boolean }>> {
    const doing = `describing the configs of topic ${topic}`
    return this.retry(doing, async () => {
      const result = await this.connection.sendToAny(describeTopicConfigsFrame(topic))
      throwOnResult(result, doing)
      return result.configs
    })
  }

  async alterTopicConfigs(topic: string, set: Record<string, string | null>): Promise<void> {
    const doing = `altering the configs of topic ${topic}`
    await this.retry(doing, async () => {
      throwOnResult(await this.connection.sendToController(alterTopicConfigsFrame(topic, set)), doing)
    })
  }

  async listOffsets(
    at: ReadonlyArray<TopicPartition & { at: 'earliest' | 'latest' | number }>,
    isolation: Isolation = 'read_uncommitted',
  ): Promise<Map<string, number>> {
    const offsets = await this.query(at, isolation)
    const afterTheLast = at.filter(({ topic, partition }) => offsets.get(tpKey(topic, partition)) === NO_RECORD)
    if (afterTheLast.length === 0) return offsets
    const ends = await this.query(
      afterTheLast.map(({ topic, partition }) => ({ topic, partition, at: 'latest' })),
      isolation,
    )
    return new Map([...offsets, ...ends])
  }

  async deleteRecords(before: ReadonlyArray<TopicPartition & { offset: number }>): Promise<void> {
    await this.leaders.send('deleting records', before, (part, timeoutMs) => deleteRecordsFrame(part, timeoutMs))
  }

  async groupOffsets(groupId: string): Promise<Map<string, CommittedOffset>> {
    const { offsets } = await this.toCoordinator('reading the offsets of', groupId, groupOffsetsFrame(groupId))
    return offsets
  }

  async groupMembers(groupId: string): Promise<number> {
    return (await this.describeGroup(groupId)).members.length
  }

  async listGroups(): Promise<GroupListing[]> {
    const doing = 'listing groups'
    const groups = await this.retry(doing, async () => {
      const { brokers } = await this.connection.fetchMetadata([])
      const answers = await Promise.all(brokers.map(({ nodeId }) => this.connection.send(nodeId, listGroupsFrame())))
      for (const { errorCode } of answers) throwOnCode(errorCode, doing)
      return answers.flatMap(({ groups }) => groups)
    })
    return groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    try {
      const { errorCode: _, ...group } = await this.toCoordinator('describing', groupId, describeGroupFrame(groupId))
      return group
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== brokerError(GROUP_ID_NOT_FOUND).name) throw error
      return { groupId, state: 'Dead', protocolType: '', protocol: '', members: [] }
    }
  }

  async alterGroupOffsets(groupId: string, offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void> {
    if (offsets.length === 0) return
    const noMember = { groupId, generationId: -1, memberId: '', groupInstanceId: null }
    await this.toCoordinator('setting offsets of', groupId, offsetCommit(noMember, offsets))
  }

  async deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return
    const doing = 'deleting offsets of'
    const answer = await this.toCoordinator(doing, groupId, deleteGroupOffsetsFrame(groupId, partitions))
    for (const { topic, partition, errorCode } of answer.partitions) {
      throwOnCode(errorCode, `${doing} group '${groupId}' in ${topic}-${partition}`, { topic, partition })
    }
  }

  async deleteGroup(groupId: string): Promise<void> {
    const doing = `deleting group '${groupId}'`
    let attempted = false
    await this.retry(doing, async () => {
      try {
        await this.askCoordinator(doing, groupId, deleteGroupFrame(groupId))
      } catch (error) {
        if (attempted && error instanceof ClientError && error.code === brokerError(GROUP_ID_NOT_FOUND).name) return
        attempted ||= mayHaveBeenDone(error)
        throw error
      }
    })
  }

  async close(): Promise<void> {
    this.connection.close()
  }

  // ------------------------------------------------------------------------------------------ requests

  private retry<T>(doing: string, attempt: () => Promise<T>): Promise<T> {
    if (this.connection.closed) return Promise.reject(closedError(doing))
    return this.connection.retry(doing, attempt)
  }

  private async metadata(doing: string, names: readonly string[] | null): Promise<ReadonlyMap<string, TopicLeaders>> {
    return this.retry(doing, async () => (await this.connection.fetchMetadata(names)).topics)
  }

  /** One attempt; NOT_CONTROLLER looks the controller up again. */
  private async toController(
    doing: string,
    frame: (timeoutMs: number) => Frame<NamedResult[]>,
  ): Promise<NamedResult[]> {
    const timeoutMs = this.connection.requestTimeoutMs
    const results = await this.connection.sendToController(frame(timeoutMs), timeoutMs + ANSWER_WITHIN_MS)
    if (results.some(({ errorCode }) => errorCode === NOT_CONTROLLER)) {
      this.connection.forgetController()
      throw errorFromCode(NOT_CONTROLLER, doing)
    }
    return results
  }

  private toCoordinator<T extends { errorCode: number }>(doing: string, groupId: string, frame: Frame<T>): Promise<T> {
    const what = `${doing} group '${groupId}'`
    return this.retry(what, () => this.askCoordinator(what, groupId, frame))
  }

  /** One attempt. */
  private async askCoordinator<T extends { errorCode: number }>(
    doing: string,
    groupId: string,
    frame: Frame<T>,
  ): Promise<T> {
    const result = await this.connection.sendToCoordinator('group', groupId, frame)
    if (COORDINATOR_MOVED.has(result.errorCode)) this.connection.forgetCoordinator('group', groupId)
    throwOnCode(result.errorCode, doing)
    return result
  }

  private async query(queries: readonly OffsetQuery[], isolation: Isolation): Promise<Map<string, number>> {
    const answers = await this.leaders.send('listing offsets', queries, (part) => listOffsetsFrame(part, isolation))
    return new Map(answers.map(({ topic, partition, offset }) => [tpKey(topic, partition), offset]))
  }

  /** The broker answers before every other broker has heard of the new topic. */
  private async awaitLeaders(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return
    const end = performance.now() + LEADERS_WITHIN_MS
    for (let attempt = 0; performance.now() < end && !this.connection.closed; attempt++) {
      const found = await this.metadata('looking up new topics', topics)
      const ready = topics.every((topic) => {
        const known = found.get(topic)
        return known?.errorCode === 0 && known.partitions.every(({ leader }) => leader >= 0)
      })
      if (ready) return
      await this.connection.pause(attempt)
    }
  }
}

const UNKNOWN_TOPIC = 3
const NO_RECORD = -1
const NOT_CONTROLLER = 41
/** COORDINATOR_NOT_AVAILABLE and NOT_COORDINATOR */
const COORDINATOR_MOVED: ReadonlySet<number> = new Set([15, 16])

/** Retriable errors of a broker that has done nothing, or that was not asked. */
const NOTHING_DONE: ReadonlySet<string> = new Set([
  'NOT_CONTROLLER',
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'BROKER_NOT_AVAILABLE',
])

/** A request that failed this way may have been carried out: its answer was lost, or came too late. */
const mayHaveBeenDone = (error: unknown): boolean => isRetriable(error) && !NOTHING_DONE.has(error.code ?? '')

const throwOnResult = ({ errorCode, errorMessage }: NamedResult, doing: string): void =>
  throwOnCode(errorCode, errorMessage ? `${doing}: ${errorMessage}` : doing)

const created = ({ name, errorCode, errorMessage }: NamedResult): 'created' | 'exists' | ClientError => {
  if (errorCode === 0) return 'created'
  if (errorCode === TOPIC_ALREADY_EXISTS) return 'exists'
  return errorFromCode(errorCode, `creating topic ${name}${errorMessage ? `: ${errorMessage}` : ''}`)
}
