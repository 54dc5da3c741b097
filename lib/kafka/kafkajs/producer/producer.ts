import {
  ClientError,
  type Compression,
  type AcknowledgedRun,
  type CommittedOffset,
  type DeliveryListener,
  type GroupMetadata,
  type Payload,
  type Producer,
  type ProducerConfig,
} from '../../port'
import { CODEC_IDS, prepareCodecs } from '../records/compression'
import type { KafkaConnection } from '../connection/connection'
import { closedError, errorFromCode, LEASE_ENDED } from '../protocol/errors'
import { FlushBarrier } from './flush-barrier'
import { RecordAccumulator } from './accumulator'
import { ProducerSender } from './sender'
import { TransactionManager } from './transaction-manager'
import { initProducerId, NO_IDENTITY } from './transaction-requests'
import type { RecordHeaders } from '../../../record/headers'
import type { TopicPartition } from '../../../record/topic-partition'

const DEFAULTS = {
  transactionTimeoutMs: 10_000,
  lingerMs: 100,
  batchBytes: 16 * 1024,
  maxBufferedBytes: 32 * 1024 * 1024,
  maxInFlight: 5,
  deliveryTimeoutMs: 120_000,
  maxRequestBytes: 1024 * 1024,
} as const

/** The broker remembers the sequences of the last five batches: a sixth in flight could not be distinguished from a new one. */
const MAX_IN_FLIGHT = 5
/** How far a batch grows beyond `batchBytes` while its broker is busy. */
const GROWTH_UNDER_LOAD = 8
/** How long `close` tries to end an open transaction. */
const ABORT_ON_CLOSE_MS = 3_000

/**
 * Idempotent producer on a connection of its own. After a failure, `append` and `flush` throw it until `init` starts over, or until `abort` if it affected
 * only the transaction. `close` drops what has not been flushed and aborts an open transaction.
 */
export class KafkaJsProducer implements Producer {
  private readonly accumulator: RecordAccumulator
  private readonly sender: ProducerSender
  private readonly transactions: TransactionManager | undefined
  private readonly compression: Compression
  private readonly maxBufferedBytes: number
  private readonly deliveryTimeoutMs: number
  private readonly barriers = new Set<FlushBarrier>()
  private drainWaiters: Array<{ resolve(): void; reject(error: ClientError): void }> = []
  private failure: ClientError | undefined
  private initialized = false
  /** something that was sent was never answered: an abort marker alone doesn't keep it out */
  private unclean = false
  private readonly releaseLease: () => void

  constructor(
    private readonly connection: KafkaConnection,
    config: ProducerConfig,
  ) {
    const { transactionalId, compression = 'none', lease } = config
    const {
      transactionTimeoutMs,
      lingerMs,
      batchBytes,
      maxBufferedBytes,
      maxInFlight,
      deliveryTimeoutMs,
      maxRequestBytes,
    } = {
      ...DEFAULTS,
      ...defined(config),
    }
    this.compression = compression
    this.maxBufferedBytes = maxBufferedBytes
    this.deliveryTimeoutMs = deliveryTimeoutMs
    const maxBatchBytes = Math.min(batchBytes * GROWTH_UNDER_LOAD, maxRequestBytes)
    this.accumulator = new RecordAccumulator(
      {
        compression,
        transactional: transactionalId !== undefined,
        batchBytes: Math.min(batchBytes, maxBatchBytes),
        maxBatchBytes,
        maxRequestBytes,
      },
      {
        opened: (buffer) => {
          // the coordinator adds the partition while its batch still fills
          this.transactions?.admits(buffer)
          this.sender.opened(buffer.openSince)
        },
        ready: () => this.sender.schedule(),
      },
    )
    this.transactions =
      transactionalId === undefined
        ? undefined
        : new TransactionManager(connection, transactionalId, transactionTimeoutMs, deliveryTimeoutMs, {
            partitionsAdded: () => this.sender.drain(),
            failed: (error) => this.fail(error),
          })
    this.sender = new ProducerSender(
      connection,
      this.accumulator,
      {
        transactionalId: transactionalId ?? null,
        lingerMs,
        batchBytes: Math.min(batchBytes, maxBatchBytes),
        maxInFlight: Math.min(maxInFlight, MAX_IN_FLIGHT),
        maxRequestBytes,
        deliveryTimeoutMs,
      },
      {
        maySend: () => lease?.holds() ?? true,
        admits: (buffer) => this.transactions?.admits(buffer) ?? true,
        acknowledged: () => this.releaseDrained(),
        failed: (error) => this.fail(error),
      },
    )
    this.releaseLease = lease?.subscribe((held) => this.leaseChanged(held)) ?? ((): void => {})
  }

  async init(): Promise<void> {
    await this.sender.stop()
    await prepareCodecs(1 << CODEC_IDS[this.compression])
    const identity = await (this.transactions?.init() ?? this.initIdempotent())
    this.rejectWaiting(
      new ClientError('fatal', 'the producer was initialized again before this was acknowledged', 'REINITIALIZED'),
    )
    this.accumulator.reset(identity)
    this.accumulator.forgetOffsets()
    this.failure = undefined
    this.unclean = false
    this.initialized = true
    this.sender.restart()
  }

  async loadTopics(topics: readonly string[]): Promise<void> {
    const missing = topics.filter((topic) => this.partitionCount(topic) === undefined)
    if (missing.length === 0) return
    this.connection.watch(missing)
    await this.connection.retry('loading topics to write to', async () => {
      await this.connection.refreshMetadata()
      for (const topic of missing) this.throwOnTopicError(topic)
    })
  }

  partitionCount(topic: string): number | undefined {
    const metadata = this.connection.topic(topic)
    return metadata === undefined || metadata.partitions.length === 0 ? undefined : metadata.partitions.length
  }

  append(
    topic: string,
    partition: number,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
    listener?: DeliveryListener,
  ): void {
    if (this.failure !== undefined) throw this.failure
    if (!this.initialized || this.transactions?.writable === false) throw this.notReady()
    this.accumulator.append(topic, partition, key, value, timestamp, headers, listener)
  }

  idle(): void {
    if (this.transactions === undefined) this.sender.idle()
  }

  get writable(): boolean {
    return this.accumulator.bufferedBytes < this.maxBufferedBytes
  }

  /** Resolves once half of the buffer is free, so that producing resumes with room for many records. */
  async drained(): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    if (this.writable) return
    const done = new Promise<void>((resolve, reject) => this.drainWaiters.push({ resolve, reject }))
    this.accumulator.sealAll()
    this.sender.drain()
    return done
  }

  async flush(): Promise<ReadonlyMap<string, number>> {
    if (this.failure !== undefined) throw this.failure
    const barrier = new FlushBarrier(new Map(this.accumulator.ackedOffsets))
    this.accumulator.sealAll()
    for (const { batches } of this.accumulator.active) for (const batch of batches) batch.expectedBy(barrier)
    this.barriers.add(barrier)
    barrier.settle()
    this.sender.drain()
    try {
      return await barrier.done
    } finally {
      this.barriers.delete(barrier)
    }
  }

  acknowledged(): ReadonlyMap<string, AcknowledgedRun> {
    return this.accumulator.acknowledged()
  }

  begin(): void {
    const transactions = this.transactional('begin')
    if (this.failure !== undefined) throw this.failure
    if (!this.initialized || transactions.open)
      throw this.illegal('begin', this.initialized ? 'the transaction before is still open' : 'init first')
    transactions.begin()
  }

  async sendOffsets(offsets: ReadonlyArray<TopicPartition & CommittedOffset>, group: GroupMetadata): Promise<void> {
    const transactions = this.transactional('sendOffsets')
    if (this.failure !== undefined) throw this.failure
    if (!transactions.writable) throw this.illegal('sendOffsets', 'no transaction is open')
    await this.guarded(transactions, () => transactions.sendOffsets(offsets, group))
  }

  async commit(): Promise<void> {
    const transactions = this.transactional('commit')
    if (!transactions.open) throw this.failure ?? this.illegal('commit', 'no transaction is open')
    await this.flush()
    await this.guarded(transactions, () => transactions.commit())
  }

  /** Also after a failure, unless it was a newer producer that has fenced this one. */
  async abort(): Promise<void> {
    const transactions = this.transactional('abort')
    const { failure } = this
    if (failure !== undefined && isFinal(failure)) throw failure
    if (!transactions.open) throw this.illegal('abort', 'no transaction is open')
    if (transactions.committing)
      throw this.illegal(
        'abort',
        'the outcome of commit() is open; commit again, or init and look at what is committed',
      )
    await this.sender.stop()
    // until it has succeeded nothing can be written, and what fails belongs to the transaction that ends
    this.failure = new ClientError('abortable', 'the transaction was aborted', 'TRANSACTION_ABORTED')
    this.rejectWaiting(this.failure)
    if (!this.accumulator.dropUnsent()) this.unclean = true
    try {
      const outcome = await transactions.abort(!this.unclean)
      if (outcome === 'bumped') this.accumulator.reset(transactions.identity)
    } catch (error) {
      // after a `retriable` one the caller may retry
      if (error instanceof ClientError && error.kind !== 'retriable') throw (this.failure = transactional(error))
      throw error
    }
    this.failure = undefined
    this.unclean = false
    this.sender.restart()
  }

  async close({ discard = false }: { discard?: boolean } = {}): Promise<void> {
    if (this.connection.closed) return
    this.releaseLease()
    if (!discard && this.transactions?.writable && this.failure === undefined) {
      const giveUp = setTimeout(() => this.connection.close(), ABORT_ON_CLOSE_MS)
      // if this fails, the coordinator ends the transaction after its timeout
      await this.abort().catch(() => {})
      clearTimeout(giveUp)
    }
    this.sender.close()
    this.connection.close()
    this.fail(closedError('writing'))
  }

  // ------------------------------------------------------------------------------------------ inside

  /**
   * Data in the operating system's buffers is dropped with the connections: by the time it was sent, another member might own the partitions.
   * Answers that have arrived tell what is in the log: a callback that kept the event loop busy for longer than the session has kept them waiting.
   */
  private leaseChanged(held: boolean): void {
    if (held) return this.sender.schedule()
    this.connection.disconnect(new ClientError('retriable', 'the lease of the group member has ended', LEASE_ENDED))
  }

  private async initIdempotent() {
    const doing = 'initializing the producer'
    const deadline = performance.now() + this.deliveryTimeoutMs
    const frame = initProducerId(null, DEFAULTS.transactionTimeoutMs, NO_IDENTITY)
    for (let attempt = 0; ; attempt++) {
      try {
        const { errorCode, producerId, producerEpoch } = await this.connection.sendToAny(frame)
        if (errorCode === 0) return { producerId, producerEpoch }
        throw errorFromCode(errorCode, doing)
      } catch (error) {
        if (!(error instanceof ClientError) || error.kind !== 'retriable' || performance.now() >= deadline) throw error
        await this.connection.pause(attempt)
      }
    }
  }

  private throwOnTopicError(topic: string): void {
    const metadata = this.connection.topic(topic)
    if (metadata !== undefined && metadata.partitions.length > 0) return
    throw errorFromCode(metadata?.errorCode || UNKNOWN_TOPIC_OR_PARTITION, `loading topic '${topic}' to write to`)
  }

  private async guarded(transactions: TransactionManager, work: () => Promise<void>): Promise<void> {
    const { number } = transactions
    try {
      await work()
    } catch (error) {
      // no failure of a later transaction
      if (number !== transactions.number) throw error
      // after a `retriable` one the caller may retry
      if (error instanceof ClientError && error.kind !== 'retriable') this.fail(error)
      throw this.failure ?? error
    }
  }

  /** The first failure is kept; everything that waits gets it. */
  private fail(error: ClientError): void {
    const failure = (this.failure ??= this.transactions ? transactional(error) : error)
    this.rejectWaiting(failure)
  }

  private rejectWaiting(error: ClientError): void {
    this.accumulator.failListeners(error)
    for (const barrier of this.barriers) barrier.fail(error)
    for (const waiter of this.drainWaiters.splice(0)) waiter.reject(error)
  }

  private releaseDrained(): void {
    if (this.drainWaiters.length === 0 || this.accumulator.bufferedBytes > this.maxBufferedBytes / 2) return
    for (const waiter of this.drainWaiters.splice(0)) waiter.resolve()
  }

  private transactional(method: string): TransactionManager {
    if (this.transactions === undefined) throw this.illegal(method, 'the producer has no transactionalId')
    return this.transactions
  }

  private notReady(): ClientError {
    return this.illegal('append', this.initialized ? 'no transaction is open' : 'init first')
  }

  private illegal(method: string, why: string): ClientError {
    return new ClientError('invalid', `producer.${method}() is not allowed here: ${why}`, 'ILLEGAL_STATE')
  }
}

const UNKNOWN_TOPIC_OR_PARTITION = 3

/** A newer producer has taken over, or this one is closed or may not continue: there is nothing left to abort. */
const FINAL: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'CLIENT_CLOSED',
])
const isFinal = ({ code }: ClientError): boolean => FINAL.has(code ?? '')

/** In a transaction, a failure that is no longer retried and isn't final can be aborted. */
const transactional = (error: ClientError): ClientError => {
  const { kind, message, code, partition } = error
  if (isFinal(error) || (kind !== 'retriable' && kind !== 'fatal' && kind !== 'unknownTopic')) return error
  return new ClientError('abortable', message, code, partition, { cause: error })
}

/** An option that is `undefined` means its default. */
const defined = (config: ProducerConfig): Partial<ProducerConfig> =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as Partial<ProducerConfig>
