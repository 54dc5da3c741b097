import {
  ClientError,
  type AcknowledgedRun,
  type CommittedOffset,
  type DeliveryListener,
  type GroupMetadata,
  type Payload,
  type Producer,
  type ProducerConfig,
} from '../port'
import { brokerError, closedError } from './broker-error'
import type { MemoryCluster } from './cluster'
import { Deferred } from './deferred'
import type { AppendedBatch } from './partition-log'
import { BATCH_OVERHEAD_BYTES, BatchBuilder, BatchReader, sizeOfRecord } from './stored-batch'
import type { TopicConfig } from './topic-config'
import type { ProducerIdentity } from './transaction-coordinator'
import { tpKey, type TopicPartition } from '../../record/topic-partition'
import type { RecordHeaders } from '../../record/headers'
import { startTimer } from '../../timer'

interface PartitionBuffer {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly builder: BatchBuilder
  readonly config: TopicConfig
  /** of records in the builder, by their place there */
  listeners: Listeners
}

type Listeners = Map<number, DeliveryListener> | undefined

interface SealedBatch {
  readonly buffer: PartitionBuffer
  readonly batch: AppendedBatch
  readonly listeners: Listeners
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
  private ackedOffsets = new Map<string, number>()
  /** The first offsets of runs that end there. */
  private readonly ackedFrom = new Map<string, number>()
  private identity: ProducerIdentity | undefined
  private inTransaction = false
  private failure: ClientError | undefined
  private closed = false
  /** of flushes that wait for the lease */
  private delivered: Deferred<void> | undefined
  private readonly releaseLease: () => void

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly config: ProducerConfig,
    private readonly onClose: () => void,
  ) {
    this.batchBytes = config.batchBytes ?? 16 * 1024
    this.maxBufferedBytes = config.maxBufferedBytes ?? 32 * 1024 * 1024
    this.maxRequestBytes = config.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES
    this.lingerMs = config.lingerMs ?? 100
    this.releaseLease = config.lease?.subscribe((held) => held && this.scheduleDelivery()) ?? ((): void => {})
  }

  async init(): Promise<void> {
    if (this.closed) throw closedError('producer')
    const { transactionalId, transactionTimeoutMs = 10_000 } = this.config
    this.identity =
      transactionalId === undefined
        ? this.cluster.transactions.initIdempotent()
        : this.cluster.transactions.initTransactional(transactionalId, transactionTimeoutMs)
    this.discardBuffered()
    this.ackedOffsets = new Map()
    this.inTransaction = false
    this.failure = undefined
  }

  async loadTopics(topics: readonly string[]): Promise<void> {
    if (this.closed) throw closedError('producer')
    for (const name of topics) {
      const { partitions, config } = this.cluster.requireTopic(name)
      const known = this.buffers.get(name)
      const current = known?.[0]!.config === config ? known : []
      if (current.length === partitions.length) continue
      const added = partitions.slice(current.length).map((_, i) => {
        const partition = current.length + i
        return {
          topic: name,
          partition,
          key: tpKey(name, partition),
          builder: new BatchBuilder(),
          config,
          listeners: undefined,
        }
      })
      this.buffers.set(name, [...current, ...added])
    }
  }

  partitionCount(topic: string): number | undefined {
    return this.buffers.get(topic)?.length
  }

  append(
    topic: string,
    partition: number,
    keyPayload: Payload,
    valuePayload: Payload,
    timestamp: number,
    headers: RecordHeaders,
    listener?: DeliveryListener,
  ): void {
    if (this.failure) throw this.failure
    const key = bytesOf(keyPayload)
    const value = bytesOf(valuePayload)
    const buffer = this.buffers.get(topic)?.[partition]
    if (!buffer || this.identity === undefined) throw this.refusal(topic, partition)
    if (this.config.transactionalId !== undefined && !this.inTransaction)
      throw illegal('append', 'no transaction is open')
    const size = sizeOfRecord(key, value, headers)
    if (size + BATCH_OVERHEAD_BYTES > this.maxRequestBytes) {
      throw brokerError(
        'MESSAGE_TOO_LARGE',
        `A record of ${size} bytes for ${topic}-${partition} is above the ${this.maxRequestBytes} of producer.maxRequestSize; raise it together with the topic's max.message.bytes, or write smaller records`,
        { topic, partition },
      )
    }
    const { builder } = buffer
    const limit = Math.min(this.batchBytes, buffer.config.maxMessageBytes - BATCH_OVERHEAD_BYTES)
    if (builder.count > 0 && builder.size + size > limit) this.seal(buffer)
    if (listener !== undefined) (buffer.listeners ??= new Map()).set(builder.count, listener)
    builder.append(builder.count, key, value, timestamp, headers)
    this.bufferedBytes += size
    if (builder.count === 1) this.filling.add(buffer)
    if (builder.size >= limit || this.bufferedBytes >= this.maxBufferedBytes) this.seal(buffer)
    else this.lingering ??= startTimer(() => this.deliver(), this.lingerMs)
  }

  idle(): void {
    if (!this.inTransaction && this.filling.size > 0) this.deliver()
  }

  get writable(): boolean {
    return this.bufferedBytes < this.maxBufferedBytes
  }

  async drained(): Promise<void> {
    if (this.failure) throw this.failure
    if (this.writable) return
    this.draining ??= new Deferred()
    this.scheduleDelivery()
    await this.draining.promise
  }

  async flush(): Promise<ReadonlyMap<string, number>> {
    this.deliver()
    if (this.sealed.length > 0) await (this.delivered ??= new Deferred()).promise
    if (this.failure) throw this.failure
    return new Map(this.ackedOffsets)
  }

  acknowledged(): ReadonlyMap<string, AcknowledgedRun> {
    return new Map([...this.ackedOffsets].map(([key, last]) => [key, { first: this.ackedFrom.get(key)!, last }]))
  }

  begin(): void {
    if (this.failure) throw this.failure
    if (this.config.transactionalId === undefined) throw illegal('begin', 'the producer has no transactionalId')
    if (!this.identity) throw illegal('begin', 'init first')
    if (this.inTransaction) throw illegal('begin', 'the transaction before is still open')
    this.inTransaction = true
  }

  async sendOffsets(offsets: ReadonlyArray<TopicPartition & CommittedOffset>, group: GroupMetadata): Promise<void> {
    const identity = this.requireTransaction('sendOffsets')
    this.guarded(() => this.cluster.transactions.addOffsets(identity, group, offsets))
  }

  async commit(): Promise<void> {
    const identity = this.requireTransaction('commit')
    await this.flush()
    this.guarded(() => this.cluster.transactions.end(identity, 'commit'))
    this.inTransaction = false
  }

  async abort(): Promise<void> {
    if (this.failure && isFinal(this.failure)) throw this.failure
    this.failure = undefined
    const identity = this.requireTransaction('abort')
    this.discardBuffered()
    this.guarded(() => this.cluster.transactions.end(identity, 'abort'))
    this.inTransaction = false
  }

  async close({ discard = false }: { discard?: boolean } = {}): Promise<void> {
    if (this.closed) return
    this.releaseLease()
    if (!discard && this.inTransaction && !this.failure) await this.abort().catch(() => undefined)
    this.closed = true
    this.discardBuffered()
    this.failure = closedError('producer')
    this.settleDelivered(this.failure)
    this.settleDrained()
    this.onClose()
  }

  // ------------------------------------------------------------------------------------------ delivery

  private seal(buffer: PartitionBuffer): void {
    this.filling.delete(buffer)
    const { producerId, epoch } = this.identity!
    const transactional = this.inTransaction
    const batch = { ...buffer.builder.take(), producerId, producerEpoch: epoch, transactional }
    this.sealed.push({ buffer, batch, listeners: buffer.listeners })
    buffer.listeners = undefined
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
    if (sealed.length > 0 && this.config.lease?.holds() === false) return
    if (sealed.length > 0) this.sealed = []
    for (const { buffer, batch, listeners } of sealed) {
      this.bufferedBytes -= batch.bytes.length
      if (!this.failure) this.deliverBatch(buffer, batch, listeners)
      if (this.failure) failAll(listeners, this.failure)
    }
    this.settleDelivered(this.failure)
    this.settleDrained()
  }

  private deliverBatch(buffer: PartitionBuffer, batch: AppendedBatch, listeners: Listeners): void {
    const { topic, partition, key } = buffer
    const identity = { producerId: batch.producerId, epoch: batch.producerEpoch }
    try {
      this.guarded(() => {
        const target = this.cluster.requireTopic(topic)
        const log = target.partition(partition)
        if (batch.transactional) this.cluster.transactions.addPartition(identity, log)
        let lastOffset: number
        try {
          lastOffset = target.append(partition, batch)
        } catch (error) {
          if (!isRefusal(error)) throw error
          return this.refused(buffer, batch, listeners, error)
        }
        const baseOffset = lastOffset - batch.recordCount + 1
        if (this.ackedOffsets.get(key) !== baseOffset - 1) this.ackedFrom.set(key, baseOffset)
        this.ackedOffsets.set(key, lastOffset)
        for (const [index, listener] of listeners ?? []) listener.delivered(baseOffset + index)
      })
    } catch {
      // kept as the failure: later calls throw it
    }
  }

  /** Its records are delivered one by one, as a real producer does it in the end; the refused one is dropped where its listener says so. */
  private refused(buffer: PartitionBuffer, batch: AppendedBatch, listeners: Listeners, error: ClientError): void {
    const listener = listeners?.get(0)
    if (batch.recordCount === 1) {
      if (listener?.refused === undefined) throw error
      listeners!.delete(0)
      listener.refused(error)
      return
    }
    singles(batch).forEach((single, index) => {
      const own = listeners?.get(index)
      if (this.failure === undefined) this.deliverBatch(buffer, single, own && new Map([[0, own]]))
      if (this.failure === undefined) listeners?.delete(index)
    })
  }

  private discardBuffered(): void {
    clearTimeout(this.lingering)
    this.lingering = undefined
    const dropped = new ClientError('fatal', 'the records were dropped before they were written', 'DISCARDED')
    for (const buffer of this.filling) {
      buffer.builder.clear()
      failAll(buffer.listeners, dropped)
      buffer.listeners = undefined
    }
    for (const { listeners } of this.sealed) failAll(listeners, dropped)
    this.filling.clear()
    this.sealed = []
    this.bufferedBytes = 0
    this.settleDelivered(dropped)
    this.settleDrained()
  }

  private settleDelivered(failure: ClientError | undefined): void {
    const { delivered } = this
    this.delivered = undefined
    if (failure) delivered?.reject(failure)
    else delivered?.resolve()
  }

  private settleDrained(): void {
    const { draining } = this
    if (!draining || !this.writable) return
    this.draining = undefined
    if (this.failure) draining.reject(this.failure)
    else draining.resolve()
  }

  // ------------------------------------------------------------------------------------------ failures

  /** The first failure stays, until `init`, or `abort` where only the transaction was concerned. */
  private guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.failure ??= this.inTransaction ? abortable(error as ClientError) : (error as ClientError)
      throw this.failure
    }
  }

  private requireTransaction(method: string): ProducerIdentity {
    if (this.failure) throw this.failure
    if (!this.inTransaction || !this.identity) throw illegal(method, 'no transaction is open')
    return this.identity
  }

  private refusal(topic: string, partition: number): ClientError {
    if (!this.identity) return illegal('append', 'init first')
    const message = this.buffers.has(topic)
      ? `Topic ${topic} has no partition ${partition}`
      : `Topic ${topic} is not loaded; await loadTopics() first`
    return brokerError('UNKNOWN_TOPIC_OR_PARTITION', message, { topic, partition })
  }
}

const bytesOf = (payload: Payload): Uint8Array | null => (typeof payload === 'string' ? Buffer.from(payload) : payload)

/** A record of the batch is at fault, and none of it was written. */
const isRefusal = (error: unknown): error is ClientError =>
  error instanceof ClientError && (error.code === 'MESSAGE_TOO_LARGE' || error.code === 'INVALID_RECORD')

const singles = (batch: AppendedBatch): AppendedBatch[] => {
  const reader = new BatchReader()
  const builder = new BatchBuilder()
  const made: AppendedBatch[] = []
  reader.start({ bytes: batch.bytes, baseOffset: 0 })
  while (reader.advance()) {
    builder.append(0, reader.key, reader.value, reader.timestamp, reader.headers())
    made.push({ ...batch, ...builder.take() })
  }
  return made
}

const failAll = (listeners: Listeners, error: ClientError): void => {
  for (const listener of listeners?.values() ?? []) listener.failed(error)
}

/** A newer producer has taken over, or this one is closed: there is nothing left to abort. */
const isFinal = ({ code }: ClientError): boolean => code === 'PRODUCER_FENCED' || code === 'CLIENT_CLOSED'

const abortable = (error: ClientError): ClientError =>
  error.kind === 'unknownTopic'
    ? new ClientError('abortable', error.message, error.code, error.partition, { cause: error })
    : error

const illegal = (method: string, why: string): ClientError =>
  new ClientError('invalid', `producer.${method}() is not allowed here: ${why}`, 'ILLEGAL_STATE')
