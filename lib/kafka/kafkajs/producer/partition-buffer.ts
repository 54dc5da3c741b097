import type { ClientError, DeliveryListener } from '../../port'
import type { BatchListener, ProducerBatch } from './batch'
import type { BatchBuilder } from '../records/record-batch-encoder'
import type { ProducerIdentity } from './transaction-requests'
import { tpKey, type TopicPartition } from '../../../record/topic-partition'

/** Sequence numbers are 31 bits wide and wrap to 0. */
export const sequenceAfter = (sequence: number, records: number): number => (sequence + records) % 2147483648

/** The broker forgets a producer that is silent in a partition for `producer.id.expiration.ms`, a day by default. */
const KNOWN_FOR_MS = 600_000

/**
 * A partition's unsent and unacknowledged batches: the open one, and the sealed ones in sequence order until they are
 * acknowledged. After a failure all of them are resent from the first, one at a time, before anything newer: so the broker can
 * tell which of them it already has.
 */
export class PartitionBuffer implements TopicPartition {
  readonly key: string
  open: BatchBuilder | undefined
  /** `performance.now()` of the open batch's first record */
  openSince = 0
  /** the size of the open batch at which to notify the sender */
  wakeAt = 0
  /** sealed and not acknowledged, oldest first; the first `sent` of them are on their way */
  readonly batches: ProducerBatch[] = []
  sent = 0
  inFlight = 0
  /** batches at the head that have been sent before the last failure */
  replaying = 0
  /** something failed: nothing is sent until all answers are in, then everything again */
  rewinding = false
  failures = 0
  retryAt = 0
  lastError: ClientError | undefined
  /** the broker has lost the sequence: it must restart */
  sequenceLost = false
  nextSequence = 0
  ackedOffset = -1
  /** Between this offset and `ackedOffset` lie only acknowledged records of this producer. */
  ackedFrom = -1
  /** `performance.now()` of the last acknowledgement under the current identity */
  ackedAt = -Infinity
  /** the transaction that the coordinator has added this partition to */
  transaction = -1
  /** the transaction that the coordinator has been asked to add this partition to */
  askedFor = -1
  /** of records of the open batch */
  private listeners: BatchListener[] | undefined

  constructor(
    readonly topic: string,
    readonly partition: number,
    public identity: ProducerIdentity,
  ) {
    this.key = tpKey(topic, partition)
  }

  /**
   * How many batches may be in flight. From a producer that it doesn't know, the broker accepts any sequence as the first: so only one is sent until
   * it is acknowledged; otherwise the second could precede it.
   */
  window(maxInFlight: number, now: number): number {
    return this.replaying > 0 || now - this.ackedAt > KNOWN_FOR_MS ? 1 : maxInFlight
  }

  get empty(): boolean {
    return this.batches.length === 0 && this.open === undefined
  }

  /** `index`: of the record in the open batch. */
  listen(index: number, listener: DeliveryListener): void {
    const entry = { index, listener }
    if (this.listeners === undefined) this.listeners = [entry]
    else this.listeners.push(entry)
  }

  failListeners(error: ClientError): void {
    for (const batch of this.batches) batch.failListeners(error)
    for (const { listener } of this.listeners ?? []) listener.failed(error)
    this.listeners = undefined
  }

  seal(batch: ProducerBatch): void {
    batch.listeners = this.listeners
    this.listeners = undefined
    this.batches.push(batch)
    this.nextSequence = sequenceAfter(batch.baseSequence, batch.recordCount)
    this.open = undefined
  }

  take(): ProducerBatch {
    const batch = this.batches[this.sent++]!
    this.inFlight++
    batch.sends++
    return batch
  }

  acknowledge(batch: ProducerBatch, baseOffset: number): void {
    this.failures = 0
    this.ackedAt = performance.now()
    this.lastError = undefined
    if (baseOffset >= 0) {
      batch.lastOffset = baseOffset + batch.recordCount - 1
      if (this.ackedOffset < 0 || baseOffset > this.ackedOffset + 1) this.ackedFrom = baseOffset
      this.ackedOffset = Math.max(this.ackedOffset, batch.lastOffset)
    }
    batch.tellListeners(baseOffset)
    const index = this.batches.indexOf(batch)
    this.batches.splice(index, 1)
    if (index < this.sent) this.sent--
    if (index < this.replaying) this.replaying--
  }

  /** Replaces a batch by two with the same records. */
  replace(batch: ProducerBatch, halves: [ProducerBatch, ProducerBatch]): void {
    const index = this.batches.indexOf(batch)
    this.batches.splice(index, 1, ...halves)
    if (index < this.sent) this.sent++
    batch.handBarriersTo(halves[1])
    batch.handListenersTo(halves)
  }

  /** Removes the batches that the broker has refused, once no answer is pending: the sequence continues without them. */
  dropRefused(rewrite: (batch: ProducerBatch) => void): ProducerBatch[] {
    const dropped: ProducerBatch[] = []
    if (this.batches.every(({ refusal }) => refusal === undefined)) return dropped
    const { sent, replaying } = this
    const before = this.batches.splice(0)
    let sequence = before[0]!.baseSequence
    before.forEach((batch, index) => {
      if (batch.refusal !== undefined) {
        dropped.push(batch)
        if (index < sent) this.sent--
        if (index < replaying) this.replaying--
        return
      }
      this.batches.push(batch)
      if (batch.baseSequence !== sequence) {
        // behind a gap the broker takes nothing
        batch.uncertain = false
        batch.baseSequence = sequence
        rewrite(batch)
      }
      sequence = sequenceAfter(sequence, batch.recordCount)
    })
    this.nextSequence = sequence
    return dropped
  }

  /** Once the last answer is in. */
  rewind(retryAt: number): void {
    this.rewinding = false
    this.replaying = Math.max(this.replaying, this.sent)
    this.sent = 0
    this.retryAt = retryAt
  }

  /** Renumbers unacknowledged batches from 0, under another epoch. */
  renumber(identity: ProducerIdentity, rewrite: (batch: ProducerBatch) => void): void {
    this.identity = identity
    this.ackedAt = -Infinity
    this.sequenceLost = false
    this.nextSequence = 0
    for (const batch of this.batches) {
      batch.baseSequence = this.nextSequence
      this.nextSequence = sequenceAfter(this.nextSequence, batch.recordCount)
      rewrite(batch)
    }
  }

  /** Drops everything unacknowledged. `sequence`: that of the next record. */
  clear(sequence: number): void {
    this.batches.length = 0
    this.open = this.listeners = undefined
    this.sent = this.inFlight = this.replaying = this.failures = this.retryAt = 0
    this.rewinding = this.sequenceLost = false
    this.lastError = undefined
    this.nextSequence = sequence
  }
}
