import type { FetchedPartition, Fetcher, FetcherConfig } from '../../port'
import { prepareCodecs } from '../records/compression'
import type { KafkaConnection } from '../connection/connection'
import { sleep } from '../connection/backoff'
import { RepeatedWarnings } from '../connection/repeated-warnings'
import { closedError, errorFromCode, toClientError } from '../protocol/errors'
import { type AssignedPartition, assignedPartition } from './assigned-partition'
import { FetchedBatches } from './fetched-batches'
import { FetchFailures } from './fetch-failures'
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
  private readonly log: RepeatedWarnings
  private readonly failures: FetchFailures
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
    this.log = new RepeatedWarnings(connection.logger)
    const { isolation } = this.config
    this.failures = new FetchFailures(this.log, isolation, (assigned, fetched) => this.deliver(assigned, fetched))
    this.leaders = new LeaderLookup(connection, this.log, this.partitions, {
      lookedUp: () => this.pump(),
      failed: (assigned, error) => this.failures.halt(assigned, error),
      unknown: (assigned, error) => this.failures.report(assigned, error),
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
      if (!this.connection.closed) {
        const failed = wanted.filter((assigned) => this.partitions.get(assigned.key) === assigned)
        this.failures.ofRequest(leader, failed, toClientError(error, `fetching from broker ${leader}`))
      }
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
    if (part.errorCode !== 0 || part.divergesAt >= 0) {
      this.failures.ofPart(assigned, target, part)
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
}

const definedOf = (config: FetcherConfig): FetcherConfig =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as unknown as FetcherConfig
