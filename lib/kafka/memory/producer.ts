import {
  ClientError,
  tpKey,
  type CommittedOffset,
  type GroupMetadata,
  type Producer,
  type ProducerConfig,
  type RecordHeaders,
  type TopicPartition,
} from '../port'
import { brokerError, closedError } from './broker-error'
import type { MemoryCluster } from './cluster'
import { Deferred } from './deferred'
import type { AppendedBatch } from './partition-log'
import { BATCH_OVERHEAD_BYTES, BatchBuilder, sizeOfRecord } from './stored-batch'
import type { ProducerIdentity } from './transaction-coordinator'

interface PartitionBuffer {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly builder: BatchBuilder
}

interface SealedBatch {
  readonly buffer: PartitionBuffer
  readonly batch: AppendedBatch
}

const DEFAULT_MAX_REQUEST_BYTES = 1024 * 1024

/**
 * Batches per partition as a real producer does, so that lingering, back-pressure and failures that come after `append`
 * exist here too. A full batch is delivered once the caller has left the current turn; `compression`, `maxInFlight` and
 * `deliveryTimeoutMs` have nothing to act on.
 */
export class MemoryProducer implements Producer {
  private readonly batchBytes: number
  private readonly maxBufferedBytes: number
  private readonly maxRequestBytes: number
  private readonly lingerMs: number
  private readonly buffers = new Map<string, PartitionBuffer[]>()
  /** Those with records in their builder. */
  private readonly filling = new Set<PartitionBuffer>()
  private sealed: SealedBatch[] = []
  private bufferedBytes = 0
  private deliveryScheduled = false
  private lingering: NodeJS.Timeout | undefined
  private draining: Deferred<void> | undefined
  private acknowledged = new Map<string, number>()
  private identity: ProducerIdentity | undefined
  private inTransaction = false
  private failure: ClientError | undefined
  private closed = false

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly config: ProducerConfig,
    private readonly onClose: () => void,
  ) {
    this.batchBytes = config.batchBytes ?? 16 * 1024
    this.maxBufferedBytes = config.maxBufferedBytes ?? 32 * 1024 * 1024
    this.maxRequestBytes = config.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES
    this.lingerMs = config.lingerMs ?? 100
  }

  async init(): Promise<void> {
    if (this.closed) throw closedError('producer')
    const { transactionalId, transactionTimeoutMs = 10_000 } = this.config
    this.identity =
      transactionalId === undefined
        ? this.cluster.transactions.initIdempotent()
        : this.cluster.transactions.initTransactional(transactionalId, transactionTimeoutMs)
    this.discardBuffered()
    this.acknowledged = new Map()
    this.inTransaction = false
    this.failure = undefined
  }

  async loadTopics(topics: readonly string[]): Promise<void> {
    if (this.closed) throw closedError('producer')
    for (const name of topics) {
      const { partitions } = this.cluster.requireTopic(name)
      if (this.buffers.get(name)?.length === partitions.length) continue
      const buffers = partitions.map((_, partition) => ({
        topic: name,
        partition,
        key: tpKey(name, partition),
        builder: new BatchBuilder(),
      }))
      this.buffers.set(name, buffers)
    }
  }

  partitionCount(topic: string): number | undefined {
    return this.buffers.get(topic)?.length
  }

  append(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: RecordHeaders,
  ): void {
    if (this.failure) throw this.failure
    const buffer = this.buffers.get(topic)?.[partition]
    if (!buffer || this.identity === undefined || this.closed) throw this.refusal(topic, partition)
    if (this.config.transactionalId !== undefined && !this.inTransaction) throw this.noTransaction('append a record')
    const size = sizeOfRecord(key, value, headers)
    if (size + BATCH_OVERHEAD_BYTES > this.maxRequestBytes) {
      throw brokerError(
        'MESSAGE_TOO_LARGE',
        `A record of ${size} bytes for ${topic}-${partition} is above maxRequestBytes (${this.maxRequestBytes})`,
        { topic, partition },
      )
    }
    const { builder } = buffer
    if (builder.count > 0 && builder.size + size > this.batchBytes) this.seal(buffer)
    builder.append(builder.count, key, value, timestamp, headers)
    this.bufferedBytes += size
    if (builder.count === 1) this.filling.add(buffer)
    if (builder.size >= this.batchBytes || this.bufferedBytes > this.maxBufferedBytes) this.seal(buffer)
    else this.lingering ??= setTimeout(() => this.deliver(), this.lingerMs)
  }

  get writable(): boolean {
    return this.bufferedBytes <= this.maxBufferedBytes
  }

  async drained(): Promise<void> {
    if (this.writable) return
    this.draining ??= new Deferred()
    this.scheduleDelivery()
    await this.draining.promise
  }

  async flush(): Promise<ReadonlyMap<string, number>> {
    if (this.closed) throw closedError('producer')
    this.deliver()
    if (this.failure) throw this.failure
    return new Map(this.acknowledged)
  }

  begin(): void {
    if (this.failure) throw this.failure
    if (this.closed) throw closedError('producer')
    if (this.config.transactionalId === undefined || this.identity === undefined || this.inTransaction) {
      const why = this.inTransaction ? 'one is open' : 'the producer needs a transactionalId and init() first'
      throw brokerError('INVALID_TXN_STATE', `Can't begin a transaction: ${why}`)
    }
    this.inTransaction = true
  }

  async sendOffsets(
    offsets: ReadonlyArray<TopicPartition & CommittedOffset>,
    group: GroupMetadata,
  ): Promise<void> {
    this.cluster.transactions.addOffsets(this.requireTransaction('send offsets'), group, offsets)
  }

  async commit(): Promise<void> {
    const identity = this.requireTransaction('commit')
    await this.flush()
    this.cluster.transactions.end(identity, 'commit')
    this.inTransaction = false
  }

  async abort(): Promise<void> {
    const identity = this.requireTransaction('abort', true)
    this.discardBuffered()
    this.cluster.transactions.end(identity, 'abort')
    this.inTransaction = false
    if (this.failure?.kind !== 'fenced') this.failure = undefined
  }

  async close(): Promise<void> {
    if (this.closed) return
    if (this.inTransaction) await this.abort().catch(() => undefined)
    else this.deliver()
    this.closed = true
    this.discardBuffered()
    this.onClose()
  }

  // ------------------------------------------------------------------------------------------ delivery

  private seal(buffer: PartitionBuffer): void {
    this.filling.delete(buffer)
    const { producerId, epoch } = this.identity!
    const transactional = this.inTransaction
    const batch = { ...buffer.builder.take(), producerId, producerEpoch: epoch, transactional }
    this.sealed.push({ buffer, batch })
    this.scheduleDelivery()
  }

  private scheduleDelivery(): void {
    if (this.deliveryScheduled) return
    this.deliveryScheduled = true
    queueMicrotask(() => {
      this.deliveryScheduled = false
      this.deliverSealed()
      if (!this.writable) this.deliver()
    })
  }

  private deliver(): void {
    clearTimeout(this.lingering)
    this.lingering = undefined
    for (const buffer of this.filling) this.seal(buffer)
    this.deliverSealed()
  }

  private deliverSealed(): void {
    const { sealed } = this
    if (sealed.length > 0) this.sealed = []
    for (const { buffer, batch } of sealed) {
      this.bufferedBytes -= batch.bytes.length
      if (!this.failure) this.deliverBatch(buffer, batch)
    }
    this.settleDrained()
  }

  private deliverBatch({ topic, partition, key }: PartitionBuffer, batch: AppendedBatch): void {
    const identity = { producerId: batch.producerId, epoch: batch.producerEpoch }
    try {
      const target = this.cluster.requireTopic(topic)
      const log = target.partition(partition)
      if (batch.transactional) this.cluster.transactions.addPartition(identity, log)
      this.acknowledged.set(key, target.append(partition, batch))
    } catch (error) {
      this.failure = error as ClientError
    }
  }

  private discardBuffered(): void {
    clearTimeout(this.lingering)
    this.lingering = undefined
    for (const { builder } of this.filling) builder.clear()
    this.filling.clear()
    this.sealed = []
    this.bufferedBytes = 0
    this.settleDrained()
  }

  private settleDrained(): void {
    const { draining } = this
    if (!draining || !this.writable) return
    this.draining = undefined
    if (this.failure) draining.reject(this.failure)
    else draining.resolve()
  }

  // ------------------------------------------------------------------------------------------ refusals

  private requireTransaction(doing: string, evenFailed = false): ProducerIdentity {
    if (this.closed) throw closedError('producer')
    if (this.failure && !evenFailed) throw this.failure
    if (!this.inTransaction || !this.identity) throw this.noTransaction(doing)
    return this.identity
  }

  private noTransaction(doing: string): ClientError {
    return brokerError('INVALID_TXN_STATE', `Can't ${doing}: no transaction is open; call begin() first`)
  }

  private refusal(topic: string, partition: number): ClientError {
    if (this.closed) return closedError('producer')
    if (!this.identity) return new ClientError('fatal', 'The producer is not initialised; await init() first')
    const message = this.buffers.has(topic)
      ? `Topic ${topic} has no partition ${partition}`
      : `Topic ${topic} is not loaded; await loadTopics() first`
    return brokerError('UNKNOWN_TOPIC_OR_PARTITION', message, { topic, partition })
  }
}
