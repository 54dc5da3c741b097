import type { FetchedPartition, Fetcher, RecordCursor } from '../../kafka/port'
import type { RecordHeaders } from '../../record/headers'
import { tpKey } from '../../record/topic-partition'
import type { Bounds } from './bounds'
import type { RunCounts } from './run-counts'

/** The fetcher of a bounded run: partitions end at their bounds, and what is read is counted. */
export class BoundedFetcher implements Fetcher {
  /** Partitions that have not reached their ends. */
  readonly #reading = new Set<string>()

  constructor(
    private readonly fetcher: Fetcher,
    private readonly bounds: Bounds,
    private readonly counts: RunCounts,
  ) {}

  assign(topic: string, partition: number, offset: number, leaderEpoch?: number): void {
    if (offset >= this.bounds.endOf(topic, partition)) return this.unassign(topic, partition)
    this.#reading.add(tpKey(topic, partition))
    this.fetcher.assign(topic, partition, offset, leaderEpoch)
  }

  unassign(topic: string, partition: number): void {
    this.#reading.delete(tpKey(topic, partition))
    this.fetcher.unassign(topic, partition)
  }

  pause(topic: string, partition: number): void {
    if (this.#reading.has(tpKey(topic, partition))) this.fetcher.pause(topic, partition)
  }

  resume(topic: string, partition: number): void {
    if (this.#reading.has(tpKey(topic, partition))) this.fetcher.resume(topic, partition)
  }

  async poll(maxWaitMs: number): Promise<FetchedPartition[]> {
    const polled = await this.fetcher.poll(maxWaitMs)
    return polled.map((fetched) => this.#upToEnd(fetched))
  }

  /** Inputs of a bounded run are never idle: what closes follows from its records, not from the clock. */
  caughtUpAt(): undefined {
    return undefined
  }

  wakeup(): void {
    this.fetcher.wakeup()
  }

  close(): Promise<void> {
    return this.fetcher.close()
  }

  #upToEnd(fetched: FetchedPartition): FetchedPartition {
    if (fetched.error) return fetched
    const { topic, partition, nextOffset, leaderEpoch, endOffset, logStartOffset, sizeInBytes } = fetched
    const end = this.bounds.endOf(topic, partition)
    if (nextOffset >= end) this.unassign(topic, partition)
    return {
      topic,
      partition,
      nextOffset: Math.min(nextOffset, end),
      leaderEpoch: nextOffset > end ? -1 : leaderEpoch,
      endOffset: Math.min(endOffset, end),
      logStartOffset,
      sizeInBytes,
      records: () => new BoundedCursor(fetched.records(), end, () => this.counts.read(topic, 1)),
      release: () => fetched.release?.(),
    }
  }
}

/** Ends before an offset. */
class BoundedCursor implements RecordCursor {
  constructor(
    private readonly cursor: RecordCursor,
    private readonly end: number,
    private readonly passed: () => void,
  ) {}

  advance(): boolean {
    if (!this.cursor.advance() || this.cursor.offset >= this.end) return false
    this.passed()
    return true
  }

  get offset(): number {
    return this.cursor.offset
  }

  get timestamp(): number {
    return this.cursor.timestamp
  }

  get key(): Buffer | null {
    return this.cursor.key
  }

  get value(): Buffer | null {
    return this.cursor.value
  }

  get bytes(): Buffer {
    return this.cursor.bytes
  }

  get keyStart(): number {
    return this.cursor.keyStart
  }

  get keyLength(): number {
    return this.cursor.keyLength
  }

  get valueStart(): number {
    return this.cursor.valueStart
  }

  get valueLength(): number {
    return this.cursor.valueLength
  }

  get producerId(): number {
    return this.cursor.producerId
  }

  get leaderEpoch(): number {
    return this.cursor.leaderEpoch
  }

  headers(): RecordHeaders {
    return this.cursor.headers()
  }
}
