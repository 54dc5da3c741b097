import type { FlushBarrier } from './flush-barrier'
import type { BatchBuilder } from '../records/record-batch-encoder'

/** A sealed batch: its bytes, and so its sequence numbers, stay the same through every retry. */
export class ProducerBatch {
  /** How often it has been part of a request. */
  sends = 0
  /** An attempt ended without an answer, or one that leaves it open: the records may be in the log. */
  uncertain = false
  lastOffset = -1
  private barriers: FlushBarrier[] | undefined

  constructor(
    readonly bytes: Buffer,
    readonly recordCount: number,
    public baseSequence: number,
    /** the size of the records in the accumulator, before compression */
    readonly size: number,
    /** `performance.now()` of the first append */
    readonly createdAt: number,
    /** owns `bytes`; undefined if compression has made a copy */
    readonly builder: BatchBuilder | undefined,
  ) {}

  expectedBy(barrier: FlushBarrier): void {
    barrier.expect()
    if (this.barriers === undefined) this.barriers = [barrier]
    else this.barriers.push(barrier)
  }

  handBarriersTo(other: ProducerBatch): void {
    other.barriers = this.barriers
    this.barriers = undefined
  }

  release(key: string): void {
    if (this.barriers === undefined) return
    for (const barrier of this.barriers) barrier.acknowledge(key, this.lastOffset)
  }
}
