import type { ClientError, DeliveryListener } from '../../port'
import type { FlushBarrier } from './flush-barrier'
import type { BatchBuilder } from '../records/record-batch-encoder'

/** Who is told of a record of a batch. */
export interface BatchListener {
  /** The record's, in the batch. */
  readonly index: number
  readonly listener: DeliveryListener
}

export interface SealedBatch {
  readonly bytes: Buffer
  readonly recordCount: number
  readonly baseSequence: number
  /** The size of the records in the accumulator, before compression. */
  readonly size: number
  /** `performance.now()` of the first append. */
  readonly createdAt: number
  /** Owns `bytes`; undefined if compression has made a copy. */
  readonly builder: BatchBuilder | undefined
}

/** A sealed batch: its bytes, and so its sequence numbers, stay the same through every retry. */
export class ProducerBatch implements SealedBatch {
  readonly bytes: Buffer
  readonly recordCount: number
  baseSequence: number
  readonly size: number
  readonly createdAt: number
  readonly builder: BatchBuilder | undefined
  /** How often it has been part of a request. */
  sends = 0
  /** An attempt ended without an answer, or one that leaves it open: the records may be in the log. */
  uncertain = false
  lastOffset = -1
  listeners: readonly BatchListener[] | undefined
  /** Why the broker does not take its only record, which is to be dropped. */
  refusal: ClientError | undefined
  private barriers: FlushBarrier[] | undefined

  constructor(sealed: SealedBatch) {
    this.bytes = sealed.bytes
    this.recordCount = sealed.recordCount
    this.baseSequence = sealed.baseSequence
    this.size = sealed.size
    this.createdAt = sealed.createdAt
    this.builder = sealed.builder
  }

  expectedBy(barrier: FlushBarrier): void {
    barrier.expect()
    if (this.barriers === undefined) this.barriers = [barrier]
    else this.barriers.push(barrier)
  }

  handBarriersTo(other: ProducerBatch): void {
    other.barriers = this.barriers
    this.barriers = undefined
  }

  handListenersTo([first, second]: readonly [ProducerBatch, ProducerBatch]): void {
    const { listeners } = this
    if (listeners === undefined) return
    this.listeners = undefined
    const half = first.recordCount
    first.listeners = listeners.filter(({ index }) => index < half)
    second.listeners = listeners
      .filter(({ index }) => index >= half)
      .map(({ index, listener }) => ({ index: index - half, listener }))
  }

  /** `baseOffset` −1: where it lies is not known. */
  tellListeners(baseOffset: number): void {
    if (this.listeners === undefined) return
    for (const { index, listener } of this.listeners) listener.delivered(baseOffset < 0 ? -1 : baseOffset + index)
    this.listeners = undefined
  }

  /** Whether its only record may be dropped if the broker does not take it. */
  get mayBeRefused(): boolean {
    return this.recordCount === 1 && this.listeners?.[0]?.listener.refused !== undefined
  }

  tellRefused(): void {
    const { listeners, refusal } = this
    this.listeners = undefined
    for (const { listener } of listeners ?? []) listener.refused!(refusal!)
  }

  failListeners(error: ClientError): void {
    if (this.listeners === undefined) return
    for (const { listener } of this.listeners) listener.failed(error)
    this.listeners = undefined
  }

  release(key: string): void {
    if (this.barriers === undefined) return
    for (const barrier of this.barriers) barrier.acknowledge(key, this.lastOffset)
  }
}
