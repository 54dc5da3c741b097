import { ClientError, type FetchedPartition, type Isolation } from '../../port'
import type { RepeatedWarnings } from '../connection/repeated-warnings'
import { brokerError } from '../protocol/error-codes'
import { errorFromCode } from '../protocol/errors'
import type { AssignedPartition } from './assigned-partition'
import { FetchedBatches } from './fetched-batches'
import type { FetchedPart, FetchTarget } from './fetch-request'

/** Ordinary answers while a partition gets another leader. */
const LEADER_MOVED: ReadonlySet<string> = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
])
const CORRUPT = 'CORRUPT_MESSAGE'
const LOG_TRUNCATED = 'LOG_TRUNCATED'
const OFFSET_OUT_OF_RANGE = 1
const NOTHING = Buffer.alloc(0)

/**
 * What becomes of a fetcher's partitions that could not be fetched: their leaders are looked up again, or, where only the caller can
 * settle it, they are halted and `poll` returns the error.
 */
export class FetchFailures {
  constructor(
    private readonly log: RepeatedWarnings,
    private readonly isolation: Isolation,
    private readonly deliver: (assigned: AssignedPartition, fetched: FetchedPartition) => void,
  ) {}

  /** A leader has answered for this partition with an error, or that its log diverges from what was read. */
  ofPart(assigned: AssignedPartition, target: FetchTarget, part: FetchedPart): void {
    if (part.errorCode === 0) this.diverged(assigned, target, part)
    else this.refused(assigned, part)
  }

  /** A whole request has failed. */
  ofRequest(leader: number, partitions: readonly AssignedPartition[], error: ClientError): void {
    if (error.kind !== 'retriable') {
      for (const assigned of partitions) this.halt(assigned, error)
      return
    }
    this.log.warn(
      `broker ${leader}`,
      { broker: leader, err: error },
      'a broker could not be fetched from; trying again',
    )
    for (const assigned of partitions) {
      assigned.stale = true
      assigned.failures++
    }
  }

  /** The partition is not fetched again before its next `assign`. `ends`: the answer with the ends of its log. */
  halt(assigned: AssignedPartition, error: ClientError, ends?: FetchedPart): void {
    assigned.halted = true
    this.report(assigned, error, ends)
  }

  /** The next `poll` returns the error. */
  report(assigned: AssignedPartition, error: ClientError, ends?: FetchedPart): void {
    const { topic, partition, position, lastFetchedEpoch } = assigned
    const endOffset = (this.isolation === 'read_committed' ? ends?.lastStableOffset : ends?.highWatermark) ?? -1
    this.deliver(
      assigned,
      new FetchedBatches({
        topic,
        partition,
        from: position,
        nextOffset: position,
        leaderEpoch: lastFetchedEpoch,
        truncatedTo: ends && ends.divergesAt >= 0 ? ends.divergesAt : undefined,
        endOffset,
        logStartOffset: ends?.logStartOffset ?? -1,
        error: located(error, topic, partition),
        bytes: NOTHING,
        aborted: null,
        maxDecompressedBytes: 0,
      }),
    )
  }

  private refused(assigned: AssignedPartition, part: FetchedPart): void {
    const { topic, partition, position } = assigned
    const { kind, name } = brokerError(part.errorCode)
    if (name !== CORRUPT && (kind === 'retriable' || kind === 'unknownTopic')) {
      assigned.stale = true
      if (++assigned.failures > 2 || !LEADER_MOVED.has(name)) {
        this.log.warn(
          `${name} ${topic}`,
          { topic, partition, offset: position, code: name },
          'a fetch failed; looking up the leader of the partition and trying again',
        )
      }
      if (kind === 'unknownTopic') assigned.vanished = true
      return
    }
    const doing = `fetching ${topic}-${partition} at offset ${position}`
    const error = errorFromCode(part.errorCode, doing, { topic, partition })
    // Java's producer may retry CORRUPT_MESSAGE; a log that can't be read stays so
    const final = name === CORRUPT ? new ClientError('invalid', error.message, name, error.partition) : error
    this.halt(assigned, final, part)
  }

  /**
   * The leader's log is not the one that was read: a new leader has truncated it. The log of one leader is never truncated, so that its topic was
   * deleted and created again.
   */
  private diverged(
    assigned: AssignedPartition,
    { leaderEpoch, lastFetchedEpoch }: FetchTarget,
    part: FetchedPart,
  ): void {
    if (leaderEpoch <= lastFetchedEpoch) {
      return this.refused(assigned, { ...part, errorCode: OFFSET_OUT_OF_RANGE, divergesAt: -1 })
    }
    const { topic, partition, position } = assigned
    // as in Java, nothing before the position is known to be lost; what this leader has behind it was not read
    if (part.divergesAt >= position) {
      assigned.lastFetchedEpoch = -1
      return
    }
    const message =
      `fetching ${topic}-${partition} at offset ${position}: the brokers have lost records that were read before; the log is the same up to ` +
      `offset ${part.divergesAt}`
    this.halt(assigned, new ClientError('offsetOutOfRange', message, LOG_TRUNCATED, { topic, partition }), part)
  }
}

const located = (error: ClientError, topic: string, partition: number): ClientError =>
  error.partition
    ? error
    : new ClientError(error.kind, error.message, error.code, { topic, partition }, { cause: error })
