import type { ClientError } from '../../port'
import type { KafkaConnection } from '../connection/connection'
import type { RepeatedWarnings } from '../connection/repeated-warnings'
import { brokerError } from '../protocol/error-codes'
import { errorFromCode, toClientError } from '../protocol/errors'
import type { AssignedPartition } from './assigned-partition'

/** What comes of look-ups. */
export interface LeaderLookupListener {
  /** Leaders may have been found. */
  lookedUp(): void
  /** The partition is not looked up again: only the caller can settle this. */
  failed(assigned: AssignedPartition, error: ClientError): void
  /** The partition does not exist, or has been created again, so that its position means nothing. It continues to be looked up and fetched. */
  unknown(assigned: AssignedPartition, error: ClientError): void
}

/** What a look-up has found of a partition. `another`: one that was created again since it was last fetched. */
type Found = 'leader' | 'no leader' | 'unknown' | 'another'

/** A new topic takes a moment to be known by every broker: only after this many look-ups is it reported as unknown. */
const LOOKUPS_OF_UNKNOWN_TOPIC = 4

const UNKNOWN_TOPIC_OR_PARTITION = 3
/** There is a topic of that name, and it is another one. */
const UNKNOWN_TOPIC_ID = 100

/** Finds the leaders of a fetcher's assigned partitions, again and again until each has one. */
export class LeaderLookup {
  private lookingUp = false

  /** `partitions`: those of the fetcher, by their keys, as they are at any time. */
  constructor(
    private readonly connection: KafkaConnection,
    private readonly log: RepeatedWarnings,
    private readonly partitions: ReadonlyMap<string, AssignedPartition>,
    private readonly listener: LeaderLookupListener,
  ) {}

  /** Undefined: it has to be looked up. */
  of(assigned: AssignedPartition): number | undefined {
    return assigned.stale ? undefined : this.connection.leader(assigned.topic, assigned.partition)?.leader
  }

  /** Repeats with backoff until every assigned partition has a leader. */
  async lookUp(): Promise<void> {
    if (this.lookingUp) return
    this.lookingUp = true
    try {
      for (let waiting = this.leaderless(); waiting.length > 0; waiting = this.leaderless()) {
        const failures = Math.min(...waiting.map((assigned) => assigned.failures))
        if (failures > 1) await this.connection.pause(failures - 2)
        await this.refresh()
        if (this.connection.closed) return
        this.listener.lookedUp()
      }
    } finally {
      this.lookingUp = false
    }
  }

  private leaderless(): AssignedPartition[] {
    if (this.connection.closed) return []
    return [...this.partitions.values()].filter((assigned) => !assigned.halted && this.of(assigned) === undefined)
  }

  private async refresh(): Promise<void> {
    const waiting = this.leaderless()
    try {
      await this.connection.refreshMetadata()
    } catch (error) {
      const failure = toClientError(error, 'looking up the leaders of partitions')
      if (this.connection.closed) return
      for (const assigned of waiting) {
        if (this.partitions.get(assigned.key) !== assigned) continue
        assigned.failures++
        if (failure.kind !== 'retriable') this.listener.failed(assigned, failure)
      }
      return
    }
    for (const assigned of waiting) if (this.partitions.get(assigned.key) === assigned) this.lookedUp(assigned)
  }

  private lookedUp(assigned: AssignedPartition): void {
    assigned.stale = false
    const found = this.found(assigned)
    const waits = found === 'no leader' || found === 'unknown'
    if (waits) assigned.failures++
    const error = waits ? this.errorOf(assigned) : undefined
    if (error) return this.listener.failed(assigned, error)
    if (found === 'unknown') assigned.vanished = true
    const late = waits && assigned.failures >= LOOKUPS_OF_UNKNOWN_TOPIC
    if (found === 'another') this.reportUnknown(assigned, UNKNOWN_TOPIC_ID)
    else if (found === 'unknown' && late) this.reportUnknown(assigned, UNKNOWN_TOPIC_OR_PARTITION)
    if (!late) return
    const { topic, partition } = assigned
    const what =
      found === 'unknown' ? 'a partition does not exist; waiting for it' : 'a partition has no leader; waiting for one'
    this.log.warn(`no leader ${topic}`, { topic, partition }, what)
  }

  private found({ topic, partition, vanished, leaderEpoch }: AssignedPartition): Found {
    const leader = this.connection.leader(topic, partition)
    // a partition that a leader has left and returned to has a higher epoch
    if (leader) return vanished && leader.leaderEpoch <= leaderEpoch ? 'another' : 'leader'
    const known = this.connection.topic(topic)
    const unknown =
      !known || brokerError(known.errorCode).kind === 'unknownTopic' || partition >= known.partitions.length
    return unknown ? 'unknown' : 'no leader'
  }

  /** Why a partition without a leader will have none, as far as its topic tells. */
  private errorOf({ topic, partition }: AssignedPartition): ClientError | undefined {
    const errorCode = this.connection.topic(topic)?.errorCode ?? 0
    if (errorCode === 0) return undefined
    const error = errorFromCode(errorCode, doing(topic, partition))
    return error.kind === 'unknownTopic' || error.kind === 'retriable' ? undefined : error
  }

  /** Each once, until it has been fetched again. */
  private reportUnknown(assigned: AssignedPartition, errorCode: number): void {
    if (assigned.reportedUnknown === errorCode) return
    assigned.reportedUnknown = errorCode
    const { topic, partition } = assigned
    this.listener.unknown(assigned, errorFromCode(errorCode, doing(topic, partition)))
  }
}

const doing = (topic: string, partition: number): string => `fetching ${topic}-${partition}`
