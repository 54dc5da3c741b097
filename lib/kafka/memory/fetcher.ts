import { type ClientError, type FetchedPartition, type Fetcher, type FetcherConfig } from '../port'
import { BatchCursor } from './batch-cursor'
import { brokerError, closedError, otherPartition, unknownPartition } from './broker-error'
import type { MemoryCluster } from './cluster'
import type { PartitionLog } from './partition-log'
import { sizeOfBatch } from './stored-batch'
import { tpKey } from '../../record/topic-partition'

/** There are no leaders, and so no epochs of them. */
const NO_EPOCH = -1

interface AssignedPartition {
  readonly topic: string
  readonly partition: number
  position: number
  paused: boolean
  /** Undefined while the partition does not exist. */
  log: PartitionLog | undefined
  /** Told once; after that the partition waits for a new `assign` (out of range) or for its topic to be created. */
  failed: boolean
  readonly onChange: () => void
}

/**
 * Reads straight from the logs. Partitions with something to read announce themselves, so that a poll looks at those
 * alone. `minBytes`, `maxWaitMs`, `minIntervalMs` and `maxBufferedBytes` of the config have nothing to act on here.
 */
export class MemoryFetcher implements Fetcher {
  private readonly assigned = new Map<string, AssignedPartition>()
  /** Partitions that may have data or an error, the one polled longest ago first. */
  private readonly ready = new Set<AssignedPartition>()
  private waiting: { resolve: (fetched: FetchedPartition[]) => void; timer: NodeJS.Timeout } | undefined
  private answerScheduled = false
  private closed = false
  private readonly committedOnly: boolean
  private readonly maxBytes: number
  private readonly maxBytesPerPartition: number
  private readonly onTopicCreated = (topic: string): void => this.adoptTopic(topic)

  constructor(
    private readonly cluster: MemoryCluster,
    config: FetcherConfig,
    private readonly onClose: () => void,
  ) {
    this.committedOnly = config.isolation === 'read_committed'
    this.maxBytes = config.maxBytes ?? 50 * 1024 * 1024
    this.maxBytesPerPartition = config.maxBytesPerPartition ?? 1024 * 1024
    cluster.watchCreation(this.onTopicCreated)
  }

  assign(topic: string, partition: number, offset: number): void {
    if (this.closed) throw closedError('fetcher')
    const key = tpKey(topic, partition)
    const paused = this.assigned.get(key)?.paused ?? false
    this.unassign(topic, partition)
    const entry: AssignedPartition = {
      topic,
      partition,
      position: offset,
      paused,
      log: this.cluster.log(topic, partition),
      failed: false,
      onChange: () => this.announce(entry),
    }
    this.assigned.set(key, entry)
    entry.log?.watch(entry.onChange)
    this.announce(entry)
  }

  unassign(topic: string, partition: number): void {
    const key = tpKey(topic, partition)
    const entry = this.assigned.get(key)
    if (!entry) return
    this.assigned.delete(key)
    this.ready.delete(entry)
    entry.log?.unwatch(entry.onChange)
  }

  pause(topic: string, partition: number): void {
    const entry = this.assigned.get(tpKey(topic, partition))
    if (!entry) return
    entry.paused = true
    this.ready.delete(entry)
  }

  resume(topic: string, partition: number): void {
    const entry = this.assigned.get(tpKey(topic, partition))
    if (!entry) return
    entry.paused = false
    this.announce(entry)
  }

  poll(maxWaitMs: number): Promise<FetchedPartition[]> {
    if (this.closed) return Promise.reject(closedError('fetcher'))
    this.endFormerPoll()
    const fetched = this.collect()
    if (fetched.length > 0 || maxWaitMs <= 0) return Promise.resolve(fetched)
    return new Promise((resolve) => {
      this.waiting = { resolve, timer: setTimeout(() => this.answer([]), maxWaitMs) }
    })
  }

  caughtUpAt(topic: string, partition: number): number | undefined {
    const entry = this.assigned.get(tpKey(topic, partition))
    if (!entry?.log || entry.log.deleted || entry.failed) return undefined
    const { lastStableOffset, highWatermark } = entry.log
    return entry.position >= (this.committedOnly ? lastStableOffset : highWatermark) ? performance.now() : undefined
  }

  wakeup(): void {
    this.answer([])
  }

  close(): Promise<void> {
    if (this.closed) return Promise.resolve()
    this.closed = true
    this.cluster.unwatchCreation(this.onTopicCreated)
    for (const { topic, partition } of [...this.assigned.values()]) this.unassign(topic, partition)
    this.answer([])
    this.onClose()
    return Promise.resolve()
  }

  private announce(entry: AssignedPartition): void {
    if (entry.paused) return
    this.ready.add(entry)
    if (!this.waiting || this.answerScheduled) return
    this.answerScheduled = true
    // appends of one turn arrive together
    queueMicrotask(() => {
      this.answerScheduled = false
      if (!this.waiting) return
      const fetched = this.collect()
      if (fetched.length > 0) this.answer(fetched)
    })
  }

  /** Deferred: two polling loops would keep ending each other's polls, and timers and sockets would never get a turn. */
  private endFormerPoll(): void {
    const { waiting } = this
    if (!waiting) return
    this.waiting = undefined
    clearTimeout(waiting.timer)
    setImmediate(waiting.resolve, [])
  }

  private answer(fetched: FetchedPartition[]): void {
    const { waiting } = this
    if (!waiting) return
    this.waiting = undefined
    clearTimeout(waiting.timer)
    waiting.resolve(fetched)
  }

  private collect(): FetchedPartition[] {
    const found: FetchedPartition[] = []
    let budget = this.maxBytes
    for (const entry of [...this.ready]) {
      if (budget <= 0) break
      this.ready.delete(entry)
      const fetched = this.fetch(entry, Math.min(budget, this.maxBytesPerPartition))
      if (!fetched) continue
      found.push(fetched)
      budget -= fetched.sizeInBytes
      // there may be more: it queues up again behind the others
      if (!fetched.error && fetched.nextOffset < fetched.endOffset) this.ready.add(entry)
    }
    return found
  }

  private fetch(entry: AssignedPartition, maxBytes: number): FetchedPartition | undefined {
    const { topic, partition, position } = entry
    if (entry.failed) return undefined
    const { log } = entry
    if (log?.deleted && this.cluster.log(topic, partition))
      return this.fail(entry, otherPartition(topic, partition), -1, -1)
    if (!log || log.deleted) return this.fail(entry, unknownPartition(topic, partition), -1, -1)
    const { logStartOffset, highWatermark } = log
    const endOffset = this.committedOnly ? log.lastStableOffset : highWatermark
    if (position < logStartOffset || position > highWatermark) {
      const range = `${logStartOffset} to ${highWatermark}`
      const error = brokerError(
        'OFFSET_OUT_OF_RANGE',
        `Offset ${position} of ${topic}-${partition} is out of range: the partition has ${range}`,
        { topic, partition },
      )
      return this.fail(entry, error, endOffset, logStartOffset)
    }
    if (position >= endOffset) return undefined
    const batches = log.read(position, endOffset, maxBytes)
    const last = batches.at(-1)
    // if compaction has removed everything up to the end, continue at the end
    const nextOffset = last ? last.lastOffset + 1 : endOffset
    const size = batches.reduce((sum, batch) => sum + sizeOfBatch(batch), 0)
    entry.position = nextOffset
    return {
      topic,
      partition,
      nextOffset,
      leaderEpoch: NO_EPOCH,
      endOffset,
      logStartOffset,
      sizeInBytes: size,
      records: () => new BatchCursor(batches, position, this.committedOnly),
    }
  }

  private fail(entry: AssignedPartition, error: ClientError, endOffset: number, logStart: number): FetchedPartition {
    entry.failed = true
    const { topic, partition, position } = entry
    return {
      topic,
      partition,
      error,
      nextOffset: position,
      leaderEpoch: NO_EPOCH,
      endOffset,
      logStartOffset: logStart,
      sizeInBytes: 0,
      records: () => new BatchCursor([], position, false),
    }
  }

  private adoptTopic(topic: string): void {
    for (const entry of this.assigned.values()) {
      if (entry.topic !== topic || (entry.log && !entry.log.deleted)) continue
      const log = this.cluster.log(topic, entry.partition)
      if (!log) continue
      entry.failed = false
      // where it was read before, the caller decides where to continue
      if (!entry.log) {
        entry.log = log
        log.watch(entry.onChange)
      }
      this.announce(entry)
    }
  }
}
