import { LastLookupMap } from '../../../collections/last-lookup-map'
import { type AcknowledgedRun, ClientError, type Compression, type DeliveryListener, type Payload } from '../../port'
import { ProducerBatch } from './batch'
import { PartitionBuffer } from './partition-buffer'
import { BatchBuilder, quickSizeBound, recordSizeBound, stampProducer } from '../records/record-batch-encoder'
import { NO_IDENTITY, type ProducerIdentity } from './transaction-requests'
import type { RecordHeaders } from '../../../record/headers'

export interface AccumulatorOptions {
  readonly compression: Compression
  readonly transactional: boolean
  /** a batch of this size can go */
  readonly batchBytes: number
  /** a batch grows up to this size while the one before it is in flight */
  readonly maxBatchBytes: number
  readonly maxRequestBytes: number
}

export interface AccumulatorListener {
  /** The first record of a partition's batch: it will be due after the linger time. */
  opened(buffer: PartitionBuffer): void
  /** A batch is worth sending. */
  ready(): void
}

/** Builders kept for the next batches; the garbage collector gets the rest. */
const MAX_POOLED = 32
/** Most batches of a topology with many stores are small. */
const INITIAL_BATCH_BYTES = 4096

/** Collects records in one open batch per partition. Every written record passes through here: nothing allocates per record. */
export class RecordAccumulator {
  /** partitions with something to send */
  readonly active = new Set<PartitionBuffer>()
  /** by `tpKey`, since the last `reset` */
  readonly ackedOffsets = new Map<string, number>()
  bufferedBytes = 0
  private readonly topics = new LastLookupMap<PartitionBuffer[]>()
  private readonly pool: BatchBuilder[] = []
  private identity: ProducerIdentity = NO_IDENTITY

  constructor(
    private readonly options: AccumulatorOptions,
    private readonly listener: AccumulatorListener,
  ) {}

  append(
    topic: string,
    partition: number,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
    listener?: DeliveryListener,
  ): void {
    const buffer = this.topics.get(topic)?.[partition] ?? this.add(topic, partition)
    let open = buffer.open
    if (open === undefined || !this.hasRoom(open, key, value, headers)) {
      const bound = recordSizeBound(key, value, headers)
      if (bound > this.options.maxRequestBytes) throw this.tooLarge(buffer, bound)
      if (open !== undefined) this.sealFull(buffer)
      open = this.open(buffer)
    }
    const before = open.sizeInBytes
    open.append(key, value, timestamp, headers)
    if (listener !== undefined) buffer.listen(open.recordCount - 1, listener)
    const size = open.sizeInBytes
    this.bufferedBytes += size - before
    if (size >= buffer.wakeAt) {
      buffer.wakeAt = Infinity
      this.listener.ready()
    }
  }

  private hasRoom(open: BatchBuilder, key: Payload, value: Payload, headers: RecordHeaders): boolean {
    const room = this.options.maxBatchBytes - open.sizeInBytes
    return quickSizeBound(key, value, headers) <= room || recordSizeBound(key, value, headers) <= room
  }

  /** Ends the open batch, if there is one: from here on its bytes and sequence numbers are fixed. */
  seal(buffer: PartitionBuffer): void {
    const builder = buffer.open
    if (builder === undefined) return
    const { compression, transactional } = this.options
    const { sizeInBytes: size, recordCount } = builder
    const { nextSequence: baseSequence, openSince: createdAt } = buffer
    const bytes = builder.finish({ ...buffer.identity, baseSequence, transactional, compression })
    const compressed = compression !== 'none'
    if (compressed) this.recycle(builder)
    const owner = compressed ? undefined : builder
    const batch = new ProducerBatch({ bytes, recordCount, baseSequence, size, createdAt, builder: owner })
    buffer.seal(batch)
  }

  sealAll(): void {
    for (const buffer of this.active) this.seal(buffer)
  }

  acknowledge(buffer: PartitionBuffer, batch: ProducerBatch, baseOffset: number): void {
    buffer.acknowledge(batch, baseOffset)
    this.bufferedBytes -= batch.size
    if (buffer.ackedOffset >= 0) this.ackedOffsets.set(buffer.key, buffer.ackedOffset)
    batch.release(buffer.key)
    if (buffer.empty) this.active.delete(buffer)
    // a batch sent twice may still be in the queue of a dying socket
    if (batch.builder !== undefined && batch.sends === 1) this.recycle(batch.builder)
  }

  /** See `Producer`. */
  acknowledged(): Map<string, AcknowledgedRun> {
    const runs = new Map<string, AcknowledgedRun>()
    for (const buffers of this.topics.values()) {
      for (const buffer of buffers) {
        if (buffer === undefined || buffer.ackedOffset < 0) continue
        runs.set(buffer.key, { first: buffer.ackedFrom, last: buffer.ackedOffset })
      }
    }
    return runs
  }

  /** Drops what the broker has refused, once no answer is pending. False: there is nothing such. */
  dropRefused(buffer: PartitionBuffer): boolean {
    const dropped = buffer.dropRefused(({ bytes, baseSequence }) =>
      stampProducer(bytes, { ...buffer.identity, baseSequence }),
    )
    for (const batch of dropped) {
      this.bufferedBytes -= batch.size
      batch.tellRefused()
      batch.release(buffer.key)
    }
    if (buffer.empty) this.active.delete(buffer)
    return dropped.length > 0
  }

  /** Tells what waits for a delivery that it does not happen. */
  failListeners(error: ClientError): void {
    for (const buffer of this.active) buffer.failListeners(error)
  }

  /** Drops every record and starts over under `identity`, with sequences at 0. */
  reset(identity: ProducerIdentity): void {
    this.identity = identity
    this.discard()
    for (const buffers of this.topics.values()) {
      for (const buffer of buffers) {
        if (buffer === undefined) continue
        buffer.clear(0)
        buffer.identity = identity
        buffer.ackedAt = -Infinity
      }
    }
  }

  /** Forgets what was acknowledged so far. */
  forgetOffsets(): void {
    this.ackedOffsets.clear()
    for (const buffers of this.topics.values()) for (const buffer of buffers) if (buffer) buffer.ackedOffset = -1
  }

  /** Drops unsent batches; the next records get their sequences. False if something sent has no answer. */
  dropUnsent(): boolean {
    let clean = true
    for (const buffer of this.active) {
      const first = buffer.batches[0]
      if (first !== undefined && first.sends > 0) clean = false
      buffer.clear(first === undefined ? buffer.nextSequence : first.baseSequence)
    }
    this.discard()
    return clean
  }

  private discard(): void {
    this.active.clear()
    this.bufferedBytes = 0
  }

  private add(topic: string, partition: number): PartitionBuffer {
    let buffers = this.topics.get(topic)
    if (buffers === undefined) this.topics.set(topic, (buffers = []))
    const buffer = new PartitionBuffer(topic, partition, this.identity)
    buffers[partition] = buffer
    return buffer
  }

  private open(buffer: PartitionBuffer): BatchBuilder {
    buffer.open = this.pool.pop() ?? new BatchBuilder(INITIAL_BATCH_BYTES)
    buffer.openSince = performance.now()
    buffer.wakeAt = this.options.batchBytes
    this.bufferedBytes += buffer.open.sizeInBytes
    this.active.add(buffer)
    this.listener.opened(buffer)
    return buffer.open
  }

  private sealFull(buffer: PartitionBuffer): void {
    this.seal(buffer)
    this.listener.ready()
  }

  private recycle(builder: BatchBuilder): void {
    // one that has grown for an oversized record is released
    if (this.pool.length >= MAX_POOLED || builder.sizeInBytes > this.options.maxBatchBytes) return
    builder.reset()
    this.pool.push(builder)
  }

  private tooLarge({ topic, partition }: PartitionBuffer, size: number): ClientError {
    return new ClientError(
      'invalid',
      `appending to ${topic}-${partition}: the record takes up to ${size} bytes, more than the ${this.options.maxRequestBytes} of ` +
        "producer.maxRequestSize; raise it together with the topic's max.message.bytes, or write smaller records",
      'MESSAGE_TOO_LARGE',
      { topic, partition },
    )
  }
}
