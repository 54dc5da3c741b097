import { ClientError, type FetchedPartition, type Fetcher, type FetcherConfig } from '../../port'
import { prepareCodecs } from '../records/compression'
import type { KafkaConnection } from '../connection/connection'
import { sleep } from '../connection/backoff'
import { RateLimitedLog } from '../connection/rate-limited-log'
import { brokerError } from '../protocol/error-codes'
import { closedError, errorFromCode, toClientError } from '../protocol/errors'
import { type AssignedPartition, assignedPartition } from './assigned-partition'
import { FetchedBatches } from './fetched-batches'
import { fetchFrame, type FetchedPart, type FetchResult, type FetchTarget } from './fetch-request'
import { LeaderLookup } from './leader-lookup'
import { SharedResponse } from './shared-response'
import { summarizeBatches } from '../records/record-batch-decoder'
import { tpKey } from '../../../record/topic-partition'

const DEFAULTS = {
  maxBytes: 50 * 1024 * 1024,
  maxBytesPerPartition: 1024 * 1024,
  minBytes: 1,
  maxWaitMs: 500,
  minIntervalMs: 0,
  maxBufferedBytes: 64 * 1024 * 1024,
  maxDecompressedBytes: 128 * 1024 * 1024,
}

/**
 * A request that the broker holds takes in no further partition. So it is held only this long, and the next one follows at once, while one
 * waits outside, because its buffer is full, or may come soon, because the assignment is changing.
 */
const SHORT_WAIT_MS = 20
const SETTLING_MS = 1_000

/**
 * While polls need not wait, the application is slower than the network, and a request asks for no more than this of all its
 * partitions together. More would only wait in memory, where it brings forward the next full garbage collection: the
 * engine counts bytes outside of its heap, too.
 */
const UNHURRIED_BYTES = 1024 * 1024
/** But at least this much for each, so that there is room for a whole batch. */
const UNHURRIED_BYTES_PER_PARTITION = 256 * 1024
/** An eighth of a response, or less, isn't worth keeping the rest for. */
const SMALL_SHARE = 8

/**
 * Fetches assigned partitions from their leaders, one request at a time each, ahead of what is polled. A partition whose leader is
 * gone is looked up and fetched again for as long as it is assigned; what only the caller can settle comes out of `poll` as its `error`.
 */
export class KafkaFetcher implements Fetcher {
  private readonly config: Required<Omit<FetcherConfig, 'requestTimeoutMs'>>
  private readonly log: RateLimitedLog
  private readonly leaders: LeaderLookup
  private readonly partitions = new Map<string, AssignedPartition>()
  /** leaders with a request in flight */
  private readonly busy = new Set<number>()
  private bufferedBytes = 0
  /** waiting polls */
  private readonly waiting = new Set<() => void>()
  private pumpScheduled = false
  private changedAt = -Infinity

  /** The connection is this fetcher's own, and closed with it. */
  constructor(
    private readonly connection: KafkaConnection,
    config: FetcherConfig,
  ) {
    this.config = { ...DEFAULTS, ...definedOf(config) }
    this.log = new RateLimitedLog(connection.logger)
    this.leaders = new LeaderLookup(connection, this.log, this.partitions, {
      lookedUp: () => this.pump(),
      failed: (assigned, error) => this.halt(assigned, error),
      unknown: (assigned, error) => this.report(assigned, error),
    })
    connection.signal.addEventListener('abort', () => {
      this.partitions.clear()
      this.arrived()
    })
  }

  assign(topic: string, partition: number, offset: number, leaderEpoch = -1): void {
    if (this.connection.closed) throw closedError(`assigning ${topic}-${partition}`)
    const key = tpKey(topic, partition)
    const previous = this.partitions.get(key)
    if (previous) this.dropBuffered(previous)
    const { maxBytesPerPartition } = this.config
    this.partitions.set(
      key,
      assignedPartition({ topic, partition }, offset, leaderEpoch, maxBytesPerPartition, previous?.paused ?? false),
    )
    this.connection.watch([topic])
    this.changedAt = performance.now()
    this.schedulePump()
  }

  unassign(topic: string, partition: number): void {
    const key = tpKey(topic, partition)
    const assigned = this.partitions.get(key)
    if (!assigned) return
    this.dropBuffered(assigned)
    this.partitions.delete(key)
    this.changedAt = performance.now()
    this.schedulePump()
    for (const other of this.partitions.values()) if (other.topic === topic) return
    this.connection.unwatch(topic)
  }

  /** It is still fetched until its share of the buffer is full, so that it can continue at once when resumed. */
  pause(topic: string, partition: number): void {
    const assigned = this.partitions.get(tpKey(topic, partition))
    if (assigned) assigned.paused = true
  }

  resume(topic: string, partition: number): void {
    const assigned = this.partitions.get(tpKey(topic, partition))
    if (!assigned?.paused) return
    assigned.paused = false
    if (assigned.buffered.length > 0) this.arrived()
    this.schedulePump()
  }

  async poll(maxWaitMs: number): Promise<FetchedPartition[]> {
    if (this.connection.closed) throw closedError('polling')
    const fetched = this.take()
    // a timer of 0 ms takes one at least: a loop with work at hand must not pay for it
    if (fetched.length > 0 || maxWaitMs <= 0) return fetched
    await this.arrival(maxWaitMs)
    return this.take()
  }

  caughtUpAt(topic: string, partition: number): number | undefined {
    const assigned = this.partitions.get(tpKey(topic, partition))
    return assigned?.buffered.length === 0 ? assigned.caughtUpAt : undefined
  }

  wakeup(): void {
    this.arrived()
  }

  async close(): Promise<void> {
    this.connection.close()
  }

  // ------------------------------------------------------------------------------------------ polling

  private take(): FetchedPartition[] {
    const fetched: FetchedPartition[] = []
    for (const assigned of this.partitions.values()) {
      if (assigned.paused || assigned.buffered.length === 0) continue
      fetched.push(...assigned.buffered)
      this.dropBuffered(assigned)
    }
    if (fetched.length > 0) this.pump()
    return fetched
  }

  private arrival(maxWaitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, maxWaitMs)
      this.waiting.add(done)
    })
  }

  private arrived(): void {
    for (const done of this.waiting) done()
  }

  private deliver(assigned: AssignedPartition, fetched: FetchedPartition): void {
    assigned.buffered.push(fetched)
    assigned.bufferedBytes += fetched.sizeInBytes
    this.bufferedBytes += fetched.sizeInBytes
    if (!assigned.paused) this.arrived()
  }

  private dropBuffered(assigned: AssignedPartition): void {
    this.bufferedBytes -= assigned.bufferedBytes
    assigned.bufferedBytes = 0
    assigned.buffered = []
  }

  // ------------------------------------------------------------------------------------------ fetching

  /** Once for all changes of this turn of the event loop. */
  private schedulePump(): void {
    if (this.pumpScheduled) return
    this.pumpScheduled = true
    queueMicrotask(() => {
      this.pumpScheduled = false
      this.pump()
    })
  }

  /** Sends a request to every leader that has none in flight and leads a partition with room in the buffer. */
  private pump(): void {
    if (this.connection.closed) return
    const requests = new Map<number, AssignedPartition[]>()
    const leftOut = new Set<number>()
    let leaderless = false
    for (const assigned of this.partitions.values()) {
      if (assigned.halted || assigned.requested) continue
      const leader = this.leaders.of(assigned)
      if (leader === undefined) leaderless = true
      else if (this.busy.has(leader)) continue
      else if (!this.hasRoom(assigned)) leftOut.add(leader)
      else if (!requests.get(leader)?.push(assigned)) requests.set(leader, [assigned])
    }
    for (const [leader, wanted] of requests) void this.fetch(leader, wanted, leftOut.has(leader))
    if (leaderless) void this.leaders.lookUp()
  }

  /** With the whole buffer full, a partition with nothing in it is still fetched: others, paused, must not starve it. */
  private hasRoom(assigned: AssignedPartition): boolean {
    if (this.bufferedBytes < this.config.maxBufferedBytes) {
      return assigned.bufferedBytes < this.config.maxBytesPerPartition / 2
    }
    return assigned.buffered.length === 0 && !assigned.paused
  }

  private async fetch(leader: number, wanted: AssignedPartition[], leftOut: boolean): Promise<void> {
    this.busy.add(leader)
    for (const assigned of wanted) assigned.requested = true
    const { minBytes, maxBytes, isolation } = this.config
    const sentAt = performance.now()
    const short = leftOut || sentAt - this.changedAt < SETTLING_MS
    const maxWaitMs = short ? Math.min(SHORT_WAIT_MS, this.config.maxWaitMs) : this.config.maxWaitMs
    const share = Math.max(UNHURRIED_BYTES_PER_PARTITION, Math.floor(UNHURRIED_BYTES / wanted.length))
    const targets = wanted.map((assigned) => this.target(assigned, share))
    try {
      const frame = fetchFrame({ maxWaitMs, minBytes, maxBytes, isolation, targets })
      const result = await this.connection.send(leader, frame, maxWaitMs + this.connection.requestTimeoutMs)
      const hasMore = await this.accept(leader, wanted, targets, result)
      const rest = hasMore || short ? 0 : sentAt + this.config.minIntervalMs - performance.now()
      if (rest > 0) await sleep(rest, this.connection.signal)
    } catch (error) {
      this.requestFailed(leader, wanted, toClientError(error, `fetching from broker ${leader}`))
    } finally {
      this.busy.delete(leader)
      for (const assigned of wanted) assigned.requested = false
    }
    this.pump()
  }

  private target(assigned: AssignedPartition, share: number): FetchTarget {
    const { topic, partition, position, lastFetchedEpoch, hurried, largeBatches } = assigned
    const maxBytes = hurried || largeBatches ? assigned.maxBytes : Math.min(assigned.maxBytes, share)
    // a former leader, which may not know the last epoch, must not judge it
    const leaderEpoch = lastFetchedEpoch < 0 ? -1 : (this.connection.leader(topic, partition)?.leaderEpoch ?? -1)
    return { topic, partition, position, leaderEpoch, lastFetchedEpoch, maxBytes }
  }

  /** Whether the broker has more than it has sent. */
  private async accept(
    leader: number,
    wanted: readonly AssignedPartition[],
    targets: readonly FetchTarget[],
    { errorCode, parts, memory }: FetchResult,
  ): Promise<boolean> {
    if (errorCode !== 0) throw errorFromCode(errorCode, `fetching from broker ${leader}`)
    const byKey = new Map<string, FetchedPart>()
    let codecs = 0
    let total = 0
    for (const part of parts) {
      byKey.set(tpKey(part.topic, part.partition), part)
      codecs |= summarizeBatches(part.records, 0).codecs
      total += part.records.length
    }
    await prepareCodecs(codecs)
    const response = new SharedResponse(memory, this.connection.memory)
    response.join()
    const awaited = this.waiting.size > 0
    let hasMore = false
    for (const [i, assigned] of wanted.entries()) {
      const part = byKey.get(assigned.key)
      // drops what was reassigned or revoked in the meantime
      if (!part || this.partitions.get(assigned.key) !== assigned) continue
      assigned.hurried = awaited
      if (this.acceptPart(assigned, targets[i]!, part, response, total)) hasMore = true
    }
    response.leave()
    return hasMore
  }

  /** Whether the partition has more than the part. */
  private acceptPart(
    assigned: AssignedPartition,
    target: FetchTarget,
    part: FetchedPart,
    response: SharedResponse,
    responseBytes: number,
  ): boolean {
    if (part.errorCode !== 0) {
      this.partFailed(assigned, part)
      return false
    }
    if (part.divergesAt >= 0) {
      this.diverged(assigned, target, part)
      return false
    }
    assigned.failures = 0
    assigned.reportedUnknown = undefined
    assigned.vanished = false
    assigned.leaderEpoch = this.connection.leader(assigned.topic, assigned.partition)?.leaderEpoch ?? -1
    if (part.records.length === 0) {
      assigned.caughtUpAt = performance.now()
      return false
    }
    const { nextOffset, leaderEpoch, completeBytes } = summarizeBatches(part.records, assigned.position)
    if (completeBytes === 0) {
      // a broker sends the first batch whole; should one not, the next request makes room for it
      assigned.maxBytes *= 2
      assigned.largeBatches = true
      return true
    }
    const bytes = part.records.subarray(0, completeBytes)
    // the whole response stays in memory for as long as one of its partitions is paused
    const copies = assigned.paused && SMALL_SHARE * completeBytes < responseBytes
    const committed = this.config.isolation === 'read_committed'
    const fetched = new FetchedBatches({
      topic: assigned.topic,
      partition: assigned.partition,
      from: assigned.position,
      nextOffset,
      leaderEpoch,
      endOffset: committed ? part.lastStableOffset : part.highWatermark,
      logStartOffset: part.logStartOffset,
      ...(copies ? { bytes: Buffer.from(bytes) } : { bytes, response }),
      aborted: committed ? part.aborted : null,
      maxDecompressedBytes: this.config.maxDecompressedBytes,
    })
    assigned.position = nextOffset
    assigned.lastFetchedEpoch = leaderEpoch
    assigned.caughtUpAt = undefined
    assigned.maxBytes = this.config.maxBytesPerPartition
    // so that the partitions at the end of a response that is full get their turn
    this.partitions.delete(assigned.key)
    this.partitions.set(assigned.key, assigned)
    this.deliver(assigned, fetched)
    return nextOffset < fetched.endOffset
  }

  // ------------------------------------------------------------------------------------------ failures

  private partFailed(assigned: AssignedPartition, part: FetchedPart): void {
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
      return this.partFailed(assigned, { ...part, errorCode: OFFSET_OUT_OF_RANGE, divergesAt: -1 })
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

  private requestFailed(leader: number, wanted: readonly AssignedPartition[], error: ClientError): void {
    if (this.connection.closed) return
    if (error.kind === 'retriable') {
      this.log.warn(
        `broker ${leader}`,
        { broker: leader, err: error },
        'a broker could not be fetched from; trying again',
      )
    }
    for (const assigned of wanted) {
      if (this.partitions.get(assigned.key) !== assigned) continue
      if (error.kind === 'retriable') {
        assigned.stale = true
        assigned.failures++
      } else this.halt(assigned, error)
    }
  }

  private halt(assigned: AssignedPartition, error: ClientError, ends?: FetchedPart): void {
    assigned.halted = true
    this.report(assigned, error, ends)
  }

  private report(
    { topic, partition, position, lastFetchedEpoch }: AssignedPartition,
    error: ClientError,
    ends?: FetchedPart,
  ): void {
    const assigned = this.partitions.get(tpKey(topic, partition))!
    const endOffset = (this.config.isolation === 'read_committed' ? ends?.lastStableOffset : ends?.highWatermark) ?? -1
    const logStartOffset = ends?.logStartOffset ?? -1
    const place = { topic, partition, from: position, nextOffset: position, leaderEpoch: lastFetchedEpoch }
    const truncatedTo = ends && ends.divergesAt >= 0 ? ends.divergesAt : undefined
    this.deliver(
      assigned,
      new FetchedBatches({
        ...place,
        truncatedTo,
        endOffset,
        logStartOffset,
        error: located(error, topic, partition),
        bytes: NOTHING,
        aborted: null,
        maxDecompressedBytes: 0,
      }),
    )
  }
}

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

const located = (error: ClientError, topic: string, partition: number): ClientError =>
  error.partition
    ? error
    : new ClientError(error.kind, error.message, error.code, { topic, partition }, { cause: error })

const definedOf = (config: FetcherConfig): FetcherConfig =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as unknown as FetcherConfig
