import { ClientError } from '../../port'
import type { KafkaConnection } from '../connection/connection'
import { RepeatedWarnings } from '../connection/repeated-warnings'
import { errorFromCode, isClosed, toClientError } from '../protocol/errors'
import type { RecordAccumulator } from './accumulator'
import type { ProducerBatch } from './batch'
import type { PartitionBuffer } from './partition-buffer'
import { produceRequest, type ProduceAnswer, type ProducePart } from './produce-request'
import { splitBatch } from './split'
import { stampProducer } from '../records/record-batch-encoder'
import { startTimer } from '../../../timer'

export interface SenderOptions {
  readonly transactionalId: string | null
  readonly lingerMs: number
  readonly batchBytes: number
  readonly maxInFlight: number
  readonly maxRequestBytes: number
  readonly deliveryTimeoutMs: number
}

export interface SenderListener {
  /** False while the lease has expired: due batches wait, and `schedule` is called when they may be sent. */
  maySend(): boolean
  /** Whether the partition may be written in the current transaction; if not, the listener has it added and calls `drain`. */
  admits(buffer: PartitionBuffer): boolean
  acknowledged(): void
  failed(error: ClientError): void
}

/** More unanswered requests than this gain nothing: the broker processes one per connection at a time. */
const MAX_REQUESTS_PER_BROKER = 5
const MAX_PRODUCER_EPOCH = 32767
/** At most so many requests are made in a linger time, to one broker, for batches that need not linger: each costs what many records do. */
const EARLY_REQUESTS = 20

/** Attempts to write to a partition that fail in a row without a warning: a leader that moves costs a few. */
const QUIET_ATTEMPTS = 5

const DUPLICATE_SEQUENCE_NUMBER = 46
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
const UNKNOWN_PRODUCER_ID = 59
const MESSAGE_TOO_LARGE = 10
const RECORD_LIST_TOO_LARGE = 18
const INVALID_TIMESTAMP = 32
const INVALID_RECORD = 87
/** About a record of the batch: the broker takes none of the others with it. */
const RECORD_REFUSALS: ReadonlySet<number> = new Set([
  MESSAGE_TOO_LARGE,
  RECORD_LIST_TOO_LARGE,
  INVALID_TIMESTAMP,
  INVALID_RECORD,
])

/**
 * Sends what the accumulator holds: one Produce request carries a batch of every partition that one broker leads and that is due.
 * A batch is due when it is sealed, when it has lingered, or, while the broker is idle, when it has reached its size or nothing more is coming;
 * while the broker is busy it keeps growing, so batches get larger under load. Runs on events, never by polling.
 */
export class ProducerSender {
  private readonly requests = new Map<number, number>()
  /** by broker: `performance.now()` of the last request */
  private readonly sentAt = new Map<number, number>()
  /** `performance.now()` when nothing more was coming */
  private idleAt = -Infinity
  private inFlight = 0
  private scheduled: NodeJS.Immediate | undefined
  private timer: NodeJS.Timeout | undefined
  private timerAt = Infinity
  private refreshing = false
  private stopped = false
  /** answers to requests of an earlier session are ignored */
  private session = 0
  private quiet: Array<() => void> = []
  private readonly log: RepeatedWarnings

  constructor(
    private readonly connection: KafkaConnection,
    private readonly accumulator: RecordAccumulator,
    private readonly options: SenderOptions,
    private readonly listener: SenderListener,
  ) {
    this.log = new RepeatedWarnings(connection.logger)
  }

  /** Soon, but after the current work, so that one request takes the records of a whole slice. */
  schedule(): void {
    this.scheduled ??= setImmediate(() => this.drain())
  }

  /** A partition has opened a batch: it is due after the linger time at the latest. */
  opened(since: number): void {
    this.wakeAt(since + this.options.lingerMs)
  }

  /** Nothing more is coming: what is open need not linger. */
  idle(): void {
    if (this.accumulator.active.size === 0) return
    this.idleAt = performance.now()
    this.drain()
  }

  /** Sends whatever is due. */
  drain(): void {
    if (this.scheduled !== undefined) {
      clearImmediate(this.scheduled)
      this.scheduled = undefined
    }
    this.clearTimer()
    if (this.stopped) return
    const now = performance.now()
    if (!this.listener.maySend()) return this.watchDeliveryTimeouts(now)
    const byBroker = new Map<number, PartitionBuffer[]>()
    let next = Infinity
    for (const buffer of this.accumulator.active) {
      const leader = this.connection.leader(buffer.topic, buffer.partition)?.leader
      const at = this.dueAt(buffer, leader, now)
      if (this.stopped) return
      if (at > now) {
        if (at < next) next = at
      } else if (leader === undefined) {
        buffer.retryAt = now + this.connection.backoff.delay(buffer.failures++)
        this.warnOfWaiting(buffer)
        if (buffer.retryAt < next) next = buffer.retryAt
        this.refreshMetadata()
      } else if (this.listener.admits(buffer)) {
        const list = byBroker.get(leader)
        if (list === undefined) byBroker.set(leader, [buffer])
        else list.push(buffer)
      }
    }
    for (const [broker, buffers] of byBroker) {
      this.sentAt.set(broker, now)
      this.sendTo(broker, buffers, now)
    }
    if (next < Infinity) this.wakeAt(next)
  }

  /** Nothing more is sent; resolves when the last answer is in. */
  async stop(): Promise<void> {
    this.stopped = true
    this.clearTimer()
    if (this.inFlight > 0) await new Promise<void>((resolve) => this.quiet.push(resolve))
  }

  /** Starts over; answers to earlier requests are ignored. */
  restart(): void {
    this.session++
    this.stopped = false
    if (this.accumulator.active.size > 0) this.schedule()
  }

  close(): void {
    this.session++
    this.stopped = true
    this.clearTimer()
    clearImmediate(this.scheduled)
  }

  // ------------------------------------------------------------------------------------------ what is due

  /** 0: now. Infinity: after the next answer. */
  private dueAt(buffer: PartitionBuffer, leader: number | undefined, now: number): number {
    if (buffer.rewinding) return Infinity
    if (this.expired(buffer, now)) return Infinity
    if (buffer.retryAt > now) return buffer.retryAt
    if (buffer.inFlight >= buffer.window(this.options.maxInFlight, now)) return Infinity
    const requests = leader === undefined ? 0 : (this.requests.get(leader) ?? 0)
    if (requests >= MAX_REQUESTS_PER_BROKER) return Infinity
    if (buffer.sent < buffer.batches.length) return 0
    if (buffer.open === undefined || buffer.replaying > 0) return Infinity
    const lingers = buffer.openSince + this.options.lingerMs
    if (requests > 0) return lingers
    if (buffer.open.sizeInBytes >= this.options.batchBytes) return 0
    if (buffer.openSince > this.idleAt) return lingers
    const before = leader === undefined ? undefined : this.sentAt.get(leader)
    return Math.min(lingers, (before ?? -Infinity) + this.options.lingerMs / EARLY_REQUESTS)
  }

  private expired(buffer: PartitionBuffer, now: number): boolean {
    const oldest = buffer.batches[0]
    if (oldest === undefined || buffer.inFlight > 0 || now - oldest.createdAt < this.options.deliveryTimeoutMs)
      return false
    const { topic, partition } = buffer
    this.fail(
      new ClientError(
        this.options.transactionalId === null ? 'retriable' : 'abortable',
        `writing to ${topic}-${partition}: not acknowledged within the delivery timeout of ${this.options.deliveryTimeoutMs} ms` +
          (buffer.lastError ? `; the last attempt: ${buffer.lastError.message}` : ''),
        buffer.lastError?.code ?? 'REQUEST_TIMED_OUT',
        { topic, partition },
        { cause: buffer.lastError },
      ),
    )
    return true
  }

  private watchDeliveryTimeouts(now: number): void {
    let next = Infinity
    for (const buffer of this.accumulator.active) {
      if (this.expired(buffer, now)) return
      const oldest = buffer.batches[0]
      if (oldest !== undefined) next = Math.min(next, oldest.createdAt + this.options.deliveryTimeoutMs)
    }
    // with a request in flight, its answer comes first
    if (next > now && next < Infinity) this.wakeAt(next)
  }

  private sendTo(broker: number, buffers: PartitionBuffer[], now: number): void {
    let waiting = buffers
    while (waiting.length > 0 && (this.requests.get(broker) ?? 0) < MAX_REQUESTS_PER_BROKER) {
      const parts: ProducePart[] = []
      const more: PartitionBuffer[] = []
      let size = 0
      for (const buffer of waiting) {
        if (buffer.sent === buffer.batches.length) this.accumulator.seal(buffer)
        const next = buffer.batches[buffer.sent]!
        if (parts.length > 0 && size + next.bytes.length > this.options.maxRequestBytes) {
          more.push(buffer)
          continue
        }
        size += next.bytes.length
        parts.push({ buffer, batch: buffer.take() })
        const window = buffer.window(this.options.maxInFlight, now)
        if (buffer.sent < buffer.batches.length && buffer.inFlight < window) more.push(buffer)
        // after the others, so that a full request doesn't starve the same partitions each time
        this.accumulator.active.delete(buffer)
        this.accumulator.active.add(buffer)
      }
      this.send(broker, parts)
      waiting = more
    }
  }

  // ------------------------------------------------------------------------------------------ requests and answers

  private send(broker: number, parts: ProducePart[]): void {
    const { session } = this
    const timeoutMs = this.connection.requestTimeoutMs
    this.requests.set(broker, (this.requests.get(broker) ?? 0) + 1)
    this.inFlight++
    this.connection.send(broker, produceRequest(parts, this.options.transactionalId, timeoutMs), timeoutMs).then(
      (answers) => this.answered(session, broker, parts, answers),
      (error: unknown) => this.lost(session, broker, parts, error),
    )
  }

  private answered(session: number, broker: number, parts: ProducePart[], answers: ProduceAnswer[]): void {
    if (!this.received(session, broker)) return
    let failed = false
    parts.forEach(({ buffer, batch }, i) => {
      const answer = answers[i]!
      buffer.inFlight--
      if (answer.errorCode === 0 || answer.errorCode === DUPLICATE_SEQUENCE_NUMBER) {
        // sequences have no gaps: those skipped while replaying are in the log
        while (buffer.replaying > 0 && buffer.batches[0] !== batch)
          this.accumulator.acknowledge(buffer, buffer.batches[0]!, -1)
        this.accumulator.acknowledge(buffer, batch, answer.baseOffset)
      } else {
        failed = true
        this.refused(buffer, batch, answer)
      }
    })
    this.settle(session, parts)
    if (failed) this.refreshMetadata()
    this.listener.acknowledged()
  }

  private lost(session: number, broker: number, parts: ProducePart[], cause: unknown): void {
    const error = toClientError(cause, 'writing')
    const current = this.received(session, broker)
    if (!current || isClosed(error)) return
    for (const { buffer, batch } of parts) {
      buffer.inFlight--
      batch.uncertain = true
      this.sendAgain(buffer, error)
    }
    if (error.kind !== 'retriable') return this.fail(error)
    this.settle(session, parts)
    this.refreshMetadata()
  }

  private received(session: number, broker: number): boolean {
    this.requests.set(broker, this.requests.get(broker)! - 1)
    if (--this.inFlight === 0) for (const resolve of this.quiet.splice(0)) resolve()
    return session === this.session
  }

  private settle(session: number, parts: ProducePart[]): void {
    const now = performance.now()
    for (const { buffer } of parts) {
      if (!buffer.rewinding || buffer.inFlight > 0) continue
      if (this.accumulator.dropRefused(buffer)) this.listener.acknowledged()
      if (buffer.sequenceLost) this.renumber(buffer)
      // a batch that was refused has been split or dropped: what there is can go at once
      const pause = buffer.lastError?.kind === 'invalid' ? 0 : this.connection.backoff.delay(buffer.failures++)
      buffer.rewind(now + pause)
    }
    if (session === this.session) this.drain()
  }

  private refused(buffer: PartitionBuffer, batch: ProducerBatch, { errorCode }: ProduceAnswer): void {
    const { topic, partition } = buffer
    const refusal = errorFromCode(errorCode, `writing to ${topic}-${partition}`, { topic, partition }, 'Write')
    const { kind } = refusal
    const tooLarge = errorCode === MESSAGE_TOO_LARGE || errorCode === RECORD_LIST_TOO_LARGE
    const error = tooLarge ? withLimits(refusal) : refusal
    const first = buffer.batches[0] === batch
    if (kind === 'retriable' || kind === 'unknownTopic') {
      // a leader that steps down, or has too few replicas, may have appended it before answering
      batch.uncertain = true
      this.sendAgain(buffer, error)
      return this.warnOfWaiting(buffer)
    }
    if (errorCode === OUT_OF_ORDER_SEQUENCE_NUMBER || errorCode === UNKNOWN_PRODUCER_ID) {
      // batches after a failed one are out of order until it is in the log
      if (buffer.replaying === 0 && !first) return this.sendAgain(buffer, error)
      if (errorCode === OUT_OF_ORDER_SEQUENCE_NUMBER && this.passesOver(buffer, batch)) return
      if (this.mayRenumber(buffer, batch, errorCode)) {
        buffer.sequenceLost = true
        return this.sendAgain(buffer, error)
      }
    }
    if (!RECORD_REFUSALS.has(errorCode)) return this.fail(error)
    if (batch.recordCount > 1) {
      buffer.replace(batch, splitBatch(buffer, batch, this.options.transactionalId !== null))
      return this.sendAgain(buffer, error)
    }
    if (!batch.mayBeRefused) return this.fail(error)
    if (batch.uncertain) return this.fail(this.mayBeWritten(error))
    batch.refusal = error
    this.sendAgain(buffer, error)
  }

  /** An earlier attempt has perhaps written what the broker refuses by now, as after a change of the topic's settings: its sequence can't be given to another. */
  private mayBeWritten({ message, code, partition }: ClientError): ClientError {
    const kind = this.options.transactionalId === null ? 'retriable' : 'abortable'
    return new ClientError(kind, `${message}; an earlier attempt may have been written`, code, partition)
  }

  private sendAgain(buffer: PartitionBuffer, error: ClientError): void {
    buffer.rewinding = true
    buffer.lastError = error
  }

  /** Commits wait for these records, for minutes at the worst: not in silence. */
  private warnOfWaiting({ topic, partition, failures, lastError }: PartitionBuffer): void {
    if (failures < QUIET_ATTEMPTS) return
    const code = lastError?.code ?? 'LEADER_NOT_AVAILABLE'
    const { deliveryTimeoutMs } = this.options
    this.log.warn(
      `${topic} ${code}`,
      { topic, partition, code, attempts: failures, deliveryTimeoutMs, ...(lastError && { err: lastError }) },
      'the brokers do not take the records of this partition: they are sent again until they are taken, or producer.deliveryTimeout has passed',
    )
  }

  /**
   * A broker that has restarted remembers only the last batch of each producer: an earlier one whose answer was lost is out of order for
   * it, though it is in the log. So the next one that was under way is tried: the last in the log is known as a duplicate.
   */
  private passesOver(buffer: PartitionBuffer, batch: ProducerBatch): boolean {
    return buffer.batches[0]!.uncertain && buffer.batches.indexOf(batch) < buffer.replaying - 1
  }

  /**
   * The broker has lost what it knew of this producer in the partition (retention, an unclean election). Under the next epoch
   * sequences may restart at 0 (KIP-360); the broker keeps epochs per partition, so no other one is affected. That is safe only
   * where the oldest batch is surely not in the log: if it were, it or one behind it would have been called a duplicate;
   * but nothing is known once the producer id is not. A transactional producer has to abort instead.
   */
  private mayRenumber({ identity }: PartitionBuffer, batch: ProducerBatch, errorCode: number): boolean {
    if (this.options.transactionalId !== null || identity.producerEpoch >= MAX_PRODUCER_EPOCH) return false
    return errorCode === OUT_OF_ORDER_SEQUENCE_NUMBER || !batch.uncertain
  }

  private renumber(buffer: PartitionBuffer): void {
    const { topic, partition, lastError } = buffer
    const { producerId, producerEpoch } = buffer.identity
    this.connection.logger.warn(
      { topic, partition, err: lastError },
      'the broker has lost the sequence of this producer in the partition; continuing under a new epoch',
    )
    buffer.renumber({ producerId, producerEpoch: producerEpoch + 1 }, (batch) =>
      stampProducer(batch.bytes, { ...buffer.identity, baseSequence: batch.baseSequence }),
    )
  }

  private fail(error: ClientError): void {
    this.stopped = true
    this.clearTimer()
    this.listener.failed(error)
  }

  private refreshMetadata(): void {
    if (this.refreshing || this.connection.closed) return
    this.refreshing = true
    // a failure here is retried with the partition's next attempt
    this.connection
      .refreshMetadata()
      .catch(() => {})
      .finally(() => {
        this.refreshing = false
      })
  }

  // ------------------------------------------------------------------------------------------ one timer, only while something waits

  private wakeAt(at: number): void {
    if (this.stopped || this.timerAt <= at) return
    this.clearTimer()
    this.timerAt = at
    this.timer = startTimer(() => this.drain(), Math.max(1, Math.ceil(at - performance.now())))
  }

  private clearTimer(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.timerAt = Infinity
  }
}

const withLimits = ({ kind, message, code, partition }: ClientError): ClientError =>
  new ClientError(
    kind,
    `${message}; raise the topic's max.message.bytes to what producer.maxRequestSize allows, or write smaller records`,
    code,
    partition,
  )
