import type { ResolvedConfig } from '../../config/config'
import { ClientError, type KafkaClient, type Lease, type Producer } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { pause, withDeadline } from '../pause'
import { RecordCollector } from './record-collector'
import { retrying } from '../failure/retrying'
import { TaskFailure } from '../failure/task-failure'

const LONGEST_PAUSE_MS = 10_000
const CALM_MS = 60_000
const SETTLE_MS = 10_000
/** How long records wait for an output topic that does not exist: a new one takes a moment to be known to every broker. */
const TOPIC_APPEARS_MS = 10_000
const LOOK_AGAIN_MS = 100

export interface StreamsProducerOptions {
  readonly client: Pick<KafkaClient, 'producer'>
  readonly config: ResolvedConfig
  /** Transactional under `exactly_once`; unique among the executors of the application. */
  readonly transactionalId: string
  /** The lease under which records may be sent. */
  readonly lease: Lease
  /** Output topics that are known beforehand. */
  readonly topics: () => Iterable<string>
  /** Whether the group's leader creates it, whenever tasks are assigned. */
  readonly isInternal: (topic: string) => boolean
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * The one producer of an executor. Under `exactly_once` it is transactional, and a transaction is always open between
 * two commits; the broker learns of it with the first record.
 */
export class StreamsProducer {
  #producer: Producer | undefined
  /** The first one, while it waits for a broker to initialize it; `closed`: it was given up. */
  #opening: Producer | 'closed' | undefined
  #collector: RecordCollector | undefined
  #ready: Promise<void> = Promise.resolve()
  readonly #gate: Gate
  /** Output topics that the current producer has seen. */
  readonly #found = new Set<string>()
  #failures = 0
  #lastRenewal = -Infinity

  constructor(private readonly options: StreamsProducerOptions) {
    this.#gate = new Gate(options.lease)
  }

  get transactional(): boolean {
    return this.options.config.processingGuarantee === 'exactly_once'
  }

  /** The current producer; tasks that used an earlier one are closed. */
  get current(): Producer {
    return this.#producer!
  }

  get collector(): RecordCollector {
    return this.#collector!
  }

  get writable(): boolean {
    return this.#collector?.writable ?? false
  }

  /** False once another instance may have this one's tasks. */
  get holdsLease(): boolean {
    return this.#gate.holds()
  }

  /** Nothing more is about to be sent: what waits for more need not. */
  idle(): void {
    this.#producer?.idle()
  }

  open(): Promise<void> {
    return (this.#ready = this.#open())
  }

  /** The collector of tasks that open now, when no earlier transaction or unsent record can hide where their changelogs end. */
  async ready(): Promise<RecordCollector> {
    await this.#ready
    await this.#loadTopics()
    return this.collector
  }

  /**
   * A new producer in place of one that has failed or is fenced, after a delay that grows if that recurs:
   * the old one sends nothing more.
   */
  renew(): Promise<void> {
    const now = performance.now()
    this.#failures = now - this.#lastRenewal > CALM_MS ? 0 : this.#failures + 1
    this.#lastRenewal = now
    return this.#renewAfter(this.#failures === 0 ? 0 : Math.min(100 * 2 ** this.#failures, LONGEST_PAUSE_MS))
  }

  /** A new producer at once, in place of one that has not failed: its unsent records belong to a lease that has ended. */
  discard(): Promise<void> {
    return this.#renewAfter(0)
  }

  #renewAfter(wait: number): Promise<void> {
    this.#collector?.abandon()
    const discarded = this.#producer && this.#close(this.#producer, true)
    this.#gate.open()
    return this.#next(async () => {
      await discarded
      if (wait > 0) await pause(wait, this.options.signal)
      await this.#open()
    })
  }

  /** Sends nothing until `thaw`; buffered records wait. */
  freeze(): void {
    this.#gate.close()
  }

  thaw(): void {
    this.#gate.open()
  }

  /**
   * At-least-once: delivers what a dropped task has sent, so that a restore sees it. Who opens a task next hears of a failure:
   * what other tasks have sent is lost with it, so that all have to restart.
   */
  settle(): Promise<void> {
    return this.#next(async () => void (await withDeadline(this.current.flush(), SETTLE_MS)))
  }

  /** At-least-once, at the end of an instance that has failed: delivers what was sent, with the dead letters about the failure. */
  deliver(): Promise<void> {
    const send = async (): Promise<void> => {
      // a topic that does not exist holds up nothing else
      await this.collector.settled().catch(() => {})
      await this.collector.flush()
    }
    return this.#next(async () => void (await withDeadline(send(), SETTLE_MS)))
  }

  /**
   * Of a commit: see `RecordCollector.flush`. Rejects where a topic has gone: an internal one, since the commit would hold up the rebalance that creates it
   * again; under exactly-once any, since the transaction does not outlast the wait. Its records are processed again, and wait for it as for any missing topic.
   */
  async flush(): Promise<ReadonlyMap<string, number>> {
    const producer = this.current
    const flushed = this.collector.flush()
    for (;;) {
      const acked = await withDeadline(flushed, this.#topicAppearsMs)
      if (acked !== 'timeout') return acked
      const gone = this.#goneTopic(producer)
      if (gone === undefined) continue
      flushed.catch(() => {})
      throw new ClientError('unknownTopic', `topic "${gone}" does not exist any more`, 'UNKNOWN_TOPIC_OR_PARTITION')
    }
  }

  #goneTopic(producer: Producer): string | undefined {
    const { topics, isInternal } = this.options
    const awaited = [...topics()].filter(isInternal)
    if (this.transactional) awaited.push(...this.#found)
    return awaited.find((topic) => producer.partitionCount(topic) === undefined)
  }

  get #topicAppearsMs(): number {
    const { producerConfig, transactionTimeoutMs } = this.options.config
    // the brokers would end the transaction that waits along, and all work of it would be done again, and wait again
    const beforeTimeoutMs = this.transactional ? transactionTimeoutMs / 2 : Infinity
    return Math.min(TOPIC_APPEARS_MS, producerConfig.deliveryTimeoutMs, beforeTimeoutMs)
  }

  #next(work: () => Promise<void>): Promise<void> {
    const before = this.#ready.catch(() => {})
    this.#ready = before.then(work)
    this.#ready.catch(() => {})
    return this.#ready
  }

  /**
   * Makes the partition counts of output topics known before the first record. A missing topic is skipped: it
   * is an error only if it still does not exist soon after a record is written to it.
   */
  async #loadTopics(): Promise<void> {
    const producer = this.current
    const topics = [...this.options.topics()]
    try {
      await this.#load(producer, topics)
    } catch {
      // one missing topic fails the call for all
      for (const topic of topics) {
        await this.#load(producer, [topic]).catch((error: ClientError) => {
          // closed while its tasks were opening: the topic may well be there
          if (error.code === 'CLIENT_CLOSED') return
          this.options.logger.warn(
            { topic, err: error },
            'an output topic can not be found (yet): records for it wait, then fail',
          )
        })
      }
    }
  }

  async #load(producer: Producer, topics: string[]): Promise<void> {
    await producer.loadTopics(topics)
    if (producer === this.#producer) for (const topic of topics) this.#found.add(topic)
  }

  /** Rejects with a `TaskFailure` for an internal topic: it is there again when all tasks have restarted. */
  async #awaitTopic(producer: Producer, topic: string): Promise<void> {
    const { logger, signal, isInternal } = this.options
    const waitMs = this.#topicAppearsMs
    const end = performance.now() + waitMs
    let warned = false
    for (;;) {
      try {
        return await this.#load(producer, [topic])
      } catch (error) {
        const mayAppear = error instanceof ClientError && error.kind === 'unknownTopic' && producer === this.#producer
        const isOver = !mayAppear || performance.now() >= end
        if (isOver) throw mayAppear && isInternal(topic) ? new TaskFailure(error) : error
        if (!warned) {
          const wait = `does not exist: records for it wait up to ${waitMs / 1000} s`
          const reason = isInternal(topic)
            ? `internal topic "${topic}" ${wait}, then all tasks restart and it is created again. It must have been deleted`
            : `output topic "${topic}" ${wait}; create it`
          logger.warn({ topic, waitMs }, reason)
        }
        warned = true
      }
      await pause(LOOK_AGAIN_MS, signal)
    }
  }

  /** Ends an open transaction, so that readers need not wait for its timeout. */
  async close(): Promise<void> {
    const opening = this.#opening
    if (this.#producer === undefined) this.#opening = 'closed'
    if (typeof opening === 'object') await this.#close(opening, true)
    await this.#ready.catch(() => {})
    const producer = this.#producer
    if (!producer) return
    if (this.transactional) {
      try {
        await withDeadline(producer.abort(), SETTLE_MS)
      } catch (error) {
        this.options.logger.debug({ err: error }, 'the last transaction could not be aborted')
      }
    }
    await this.#close(producer, false)
  }

  async #open(): Promise<void> {
    const { client, config, transactionalId, logger, signal } = this.options
    await retrying(
      'open the producer',
      async () => {
        if (this.#opening === 'closed') throw new ClientError('fatal', 'closed before it was open')
        const producer = client.producer({
          ...(this.transactional ? { transactionalId } : {}),
          ...config.producerConfig,
          lease: this.#gate,
        })
        if (this.#producer === undefined) this.#opening = producer
        try {
          await producer.init()
        } catch (error) {
          await this.#close(producer, true)
          // a zombie with the same process id may fence while both start; the later one wins
          throw error instanceof ClientError && error.kind === 'fenced'
            ? new ClientError('retriable', error.message, error.code, undefined, { cause: error })
            : error
        }
        if (this.transactional) producer.begin()
        this.#opening = undefined
        this.#producer = producer
        this.#found.clear()
        this.#collector = new RecordCollector(producer, (topic) => this.#awaitTopic(producer, topic))
      },
      { timeoutMs: Infinity, signal, logger },
    )
  }

  async #close(producer: Producer, discard: boolean): Promise<void> {
    try {
      await withDeadline(producer.close({ discard }), SETTLE_MS)
    } catch (error) {
      this.options.logger.debug({ err: error }, 'closing a producer failed')
    }
  }
}

/** A lease that can be withheld. */
class Gate implements Lease {
  readonly #listeners = new Set<(held: boolean) => void>()
  #closed = false

  constructor(private readonly lease: Lease) {
    lease.subscribe((held) => {
      if (!this.#closed) this.#tell(held)
    })
  }

  get answeredAt(): number {
    return this.lease.answeredAt
  }

  holds(): boolean {
    return !this.#closed && this.lease.holds()
  }

  subscribe(listener: (held: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#tell(false)
  }

  open(): void {
    if (!this.#closed) return
    this.#closed = false
    if (this.lease.holds()) this.#tell(true)
  }

  #tell(held: boolean): void {
    for (const listener of [...this.#listeners]) listener(held)
  }
}
