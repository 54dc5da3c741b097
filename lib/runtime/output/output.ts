import type { ResolvedConfig } from '../../config'
import { ClientError, type KafkaClient, type Producer } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { pause, withDeadline } from '../pause'
import { RecordCollector } from './record-collector'
import { retrying } from '../failure/retrying'

const LONGEST_PAUSE_MS = 10_000
const CALM_MS = 60_000
const SETTLE_MS = 10_000
/** How long records wait for an output topic that does not exist: one just created is not known to every broker at once. */
const TOPIC_APPEARS_MS = 10_000
const LOOK_AGAIN_MS = 100

export interface OutputOptions {
  readonly client: KafkaClient
  readonly config: ResolvedConfig
  readonly processId: string
  /** Topics written to that are known beforehand. */
  readonly topics: () => Iterable<string>
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * The one producer of an instance. Under `exactly_once` it is transactional, and a transaction is always open between
 * two commits; the broker hears of it with the first record.
 */
export class Output {
  #producer: Producer | undefined
  #collector: RecordCollector | undefined
  #ready: Promise<void> = Promise.resolve()
  #failures = 0
  #lastRenewal = 0

  constructor(private readonly options: OutputOptions) {}

  get transactional(): boolean {
    return this.options.config.processingGuarantee === 'exactly_once'
  }

  /** The producer that works now; tasks that used an earlier one are closed. */
  get producer(): Producer {
    return this.#producer!
  }

  get collector(): RecordCollector {
    return this.#collector!
  }

  get writable(): boolean {
    return this.#collector?.writable ?? false
  }

  /** Settles with the opening that is going on: tasks must not be restored before a former transaction has ended. */
  ready(): Promise<void> {
    return this.#ready
  }

  open(): Promise<void> {
    return (this.#ready = this.#open())
  }

  /** A new producer in place of one that has failed or is fenced; it ends the other's open transaction. */
  renew(): Promise<void> {
    const now = Date.now()
    this.#failures = now - this.#lastRenewal > CALM_MS ? 0 : this.#failures + 1
    this.#lastRenewal = now
    const wait = this.#failures === 0 ? 0 : Math.min(100 * 2 ** this.#failures, LONGEST_PAUSE_MS)
    const before = this.#ready
    this.#ready = (async () => {
      await before.catch(() => {})
      if (this.#producer) await this.#closeQuietly(this.#producer)
      if (wait > 0) await pause(wait, this.options.signal)
      await this.#open()
    })()
    this.#ready.catch(() => {})
    return this.#ready
  }

  /** Lets what tasks closed in disorder have appended reach the broker, so that a restoration sees it. */
  settle(): Promise<void> {
    if (this.transactional) return this.renew()
    const producer = this.#producer
    if (!producer) return this.#ready
    const before = this.#ready
    this.#ready = (async () => {
      await before
      try {
        await withDeadline(producer.flush(), SETTLE_MS)
      } catch (error) {
        this.options.logger.warn(
          { err: error },
          'outputs of closed tasks could not be delivered, opening a new producer',
        )
        await this.#closeQuietly(producer)
        await this.#open()
      }
    })()
    this.#ready.catch(() => {})
    return this.#ready
  }

  /**
   * Makes the partition counts of output topics known before the first record. One that does not exist is left out: it
   * is an error only when a record is written to it and it does not appear soon.
   */
  async loadTopics(): Promise<void> {
    const producer = this.producer
    const topics = [...this.options.topics()]
    try {
      await producer.loadTopics(topics)
    } catch {
      // one missing topic fails the call for all
      for (const topic of topics) {
        await producer.loadTopics([topic]).catch((error: unknown) => {
          this.options.logger.warn(
            { topic, err: error },
            'an output topic can not be found (yet): records for it wait, then fail',
          )
        })
      }
    }
  }

  async #awaitTopic(producer: Producer, topic: string): Promise<void> {
    const { config, signal } = this.options
    const end = performance.now() + Math.min(TOPIC_APPEARS_MS, config.deliveryTimeoutMs)
    for (;;) {
      try {
        return await producer.loadTopics([topic])
      } catch (error) {
        const mayAppear = error instanceof ClientError && error.kind === 'unknownTopic' && producer === this.#producer
        if (!mayAppear || performance.now() >= end) throw error
      }
      await pause(LOOK_AGAIN_MS, signal)
    }
  }

  /** Ends an open transaction, so that readers need not wait for its timeout. */
  async close(): Promise<void> {
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
    await this.#closeQuietly(producer)
  }

  async #open(): Promise<void> {
    const { client, config, processId, logger, signal } = this.options
    await retrying(
      'open the producer',
      async () => {
        const producer = client.producer({
          ...(this.transactional ? { transactionalId: `${config.applicationId}-${processId}-1` } : {}),
          transactionTimeoutMs: config.transactionTimeoutMs,
          compression: config.compression,
          lingerMs: config.lingerMs,
          deliveryTimeoutMs: config.deliveryTimeoutMs,
        })
        try {
          await producer.init()
        } catch (error) {
          await this.#closeQuietly(producer)
          // a zombie of the same process id may fence while both start; the later one wins
          throw error instanceof ClientError && error.kind === 'fenced'
            ? new ClientError('retriable', error.message, error.code, undefined, { cause: error })
            : error
        }
        if (this.transactional) producer.begin()
        this.#producer = producer
        this.#collector = new RecordCollector(producer, (topic) => this.#awaitTopic(producer, topic))
      },
      { timeoutMs: Infinity, signal, logger },
    )
  }

  async #closeQuietly(producer: Producer): Promise<void> {
    try {
      await withDeadline(producer.close(), SETTLE_MS)
    } catch (error) {
      this.options.logger.debug({ err: error }, 'closing a producer failed')
    }
  }
}
