import { randomUUID } from 'node:crypto'
import {
  callback,
  DURATION,
  isObject,
  kind,
  type Kind,
  options as optionsOf,
  requireArgument,
  requireFunction,
  SERDE,
  text,
} from '../../arguments'
import { type ProducerSettings, resolveClientConfig } from '../../config/client-config'
import { kafkaDuration } from '../../config/config-values'
import { resolveConnection } from '../../config/connection-config'
import { type Duration, toMilliseconds } from '../../durations'
import { StreamsError } from '../../errors'
import { connect, type KafkaConnection } from '../../kafka/client'
import type { KafkaClient } from '../../kafka/port'
import { resolveLogger } from '../../config/logger-config'
import type { Logger } from '../../observe/logger'
import type { LogFormat, LogLevel } from '../../observe/log-level'
import { json } from '../../serdes/json'
import { string } from '../../serdes/string'
import { withDeadline } from '../pause'
import { Outbox } from './outbox'
import type {
  ProducerKey,
  ProducerTopic,
  ProducerTopics,
  ProducerValue,
  RecordProducer,
  RecordSender,
  SendOptions,
  SentRecord,
} from './record-producer'
import { outgoing } from './sending'
import { TopicFormats } from './topic-formats'
import { Transactions } from './transactions'

/** How a producer writes. */
export interface ProducerOptions<Topics extends ProducerTopics = ProducerTopics> {
  /**
   * The topics that it writes, with their serdes: they give `send` its types, and names that are not among them do not
   * compile. Default: those of the topology; then values are `unknown` to the compiler.
   */
  topics?: Topics
  /** Kafka's producer settings. Default: the application's; `linger` is 5 ms unless given. */
  producer?: ProducerSettings
  /** How long a record may wait before it is handed to the client: for a broker, its topic, and room in `bufferMemory`. Default: 1 min. */
  maxBlock?: Duration
  /**
   * Of `transaction()`: a producer that begins one with the same id fences this one and ends what it left open. Default: an id
   * of its own, which begins with the `applicationId`.
   */
  transactionalId?: string
  /** The broker aborts a transaction that stays open for this long. Default: 1 min. */
  transactionTimeout?: Duration
}

/** How a producer without a topology reaches Kafka, and writes. */
export interface KafkaProducerConfig<Topics extends ProducerTopics = ProducerTopics> extends ProducerOptions<Topics> {
  /** As in `StreamsConfig`: kafkajs's own `KafkaConfig`, an `EmbeddedKafka`, or what makes a `KafkaClient`. */
  kafka: KafkaConnection
  /** The topics that it writes, with their serdes: they give `send` its types, and only these can be written. */
  topics: Topics
  /** Identifies the client in the broker's logs and quotas. Default: `millrace-producer`. */
  clientId?: string
  /** As in `StreamsConfig`. */
  logger?: Logger
  /** As in `StreamsConfig`. */
  logLevel?: LogLevel
  /** As in `StreamsConfig`. */
  logFormat?: LogFormat
}

/** Who made the producer. @internal */
export interface ProducerHost {
  readonly clientId: string
  /** Stands before the transactional id. */
  readonly name: string
  readonly formats: TopicFormats
}

const PRODUCER_TOPIC: Kind = optionsOf<ProducerTopic>({
  key: SERDE,
  value: SERDE,
  partitioner: callback('a function that chooses partitions'),
})

const TOPICS_BY_NAME: Kind = {
  is: 'topics by their names, such as { orders: { key: serdes.string(), value: serdes.json() } }',
  problem(value, name) {
    if (!isObject(value)) return `${name} to be ${this.is}`
    for (const [topic, given] of Object.entries(value)) {
      const problem = PRODUCER_TOPIC.problem(given, `${name}.${topic}`)
      if (problem !== undefined) return problem
    }
    return undefined
  },
}

/** Of `streams.producer()`. @internal */
export const PRODUCER_KINDS: Readonly<Record<keyof ProducerOptions, Kind>> = {
  topics: TOPICS_BY_NAME,
  producer: kind('settings of the producer', isObject),
  maxBlock: DURATION,
  transactionalId: text('an id that no other live producer has'),
  transactionTimeout: DURATION,
}

const CONFIG = optionsOf<KafkaProducerConfig>(
  {
    ...PRODUCER_KINDS,
    kafka: kind("kafkajs's configuration, an EmbeddedKafka, or what makes a KafkaClient", isObject),
    clientId: text('a name'),
    logger: kind('a logger', isObject),
    logLevel: text('a log level'),
    logFormat: text('a log format'),
  },
  ['kafka', 'topics'],
)

const DEFAULT_NAME = 'millrace-producer'

/** Shorter than that of a stream, whose producer is told when nothing more comes: a transaction awaits its records one by one. @internal */
export const DEFAULT_PRODUCER_LINGER = '5ms'

/**
 * Writes records to topics, with the serdes, partitioner (Java's murmur2) and connection of a stream: for request handlers
 * and services that only produce. `streams.producer()` makes one that knows the topology's topics. It connects
 * with the first record, is idempotent, and can be used by any number of callers at once.
 *
 * @example
 * const ordersProducer = new KafkaProducer({
 *   kafka: { brokers: ['localhost:9092'] },
 *   topics: { orders: { key: serdes.string(), value: serdes.json<Order>() } },
 * })
 * const { partition, offset } = await ordersProducer.send('orders', order.id, order)
 * await ordersProducer.close()
 *
 * @throws StreamsError INVALID_CONFIG, INVALID_ARGUMENT
 */
export class KafkaProducer<Topics extends ProducerTopics = ProducerTopics> implements RecordProducer<Topics> {
  readonly #connect: () => KafkaClient
  readonly #formats: TopicFormats
  readonly #maxBlockMs: number
  readonly #outbox: Outbox
  readonly #transactional: () => Transactions
  #transactions: Transactions | undefined
  #client: KafkaClient | undefined
  #closing: Promise<boolean> | undefined

  constructor(config: KafkaProducerConfig<Topics>)
  /** @internal */
  constructor(config: KafkaProducerConfig<Topics>, host: ProducerHost)
  constructor(config: KafkaProducerConfig<Topics>, host?: ProducerHost) {
    requireArgument(config, CONFIG, 'new KafkaProducer', 'config')
    const { producer = {}, maxBlock = '1m', clientId, topics } = config
    const transactionTimeoutMs = kafkaDuration({ values: config, path: '' }, 'transactionTimeout', 60_000)
    const settings = { producer: { linger: DEFAULT_PRODUCER_LINGER, ...producer } as const }
    const { producerConfig } = resolveClientConfig(settings, { exactlyOnce: false, transactionTimeoutMs })
    const kafka = resolveConnection(config.kafka)
    const logger = resolveLogger(config)
    const name = host?.name ?? clientId ?? DEFAULT_NAME
    this.#connect = () => connect(kafka, { clientId: host?.clientId ?? name, logger })
    this.#formats =
      host?.formats ??
      new TopicFormats(topics, { applicationId: name, defaultKeySerde: string(), defaultValueSerde: json() })
    this.#maxBlockMs = toMilliseconds(maxBlock, 'maxBlock')
    const transactionalId = config.transactionalId ?? `${name}-producer-${randomUUID()}`
    const outbox = { client: () => (this.#client ??= this.#connect()), maxBlockMs: this.#maxBlockMs }
    this.#outbox = new Outbox({ ...outbox, config: producerConfig })
    this.#transactional = () =>
      new Transactions(new Outbox({ ...outbox, config: { ...producerConfig, transactionalId } }), {
        transactionalId,
        transactionTimeoutMs,
        maxBlockMs: this.#maxBlockMs,
        deliveryTimeoutMs: producerConfig.deliveryTimeoutMs,
      })
  }

  /**
   * Writes a record. Key and value are serialized before the call returns, so that they can be changed afterwards. Records
   * of one topic keep their order within a partition. `null` as key is none; as value it is a tombstone. Without an await,
   * what is sent in one turn goes in one request; a promise that is not awaited needs a `catch`.
   *
   * @example
   * const { partition, offset } = await producer.send('orders', order.id, order, { headers: { source: 'web' } })
   *
   * @throws StreamsError SERIALIZATION_FAILED, PRODUCTION_FAILED, NOT_AUTHORIZED, TIMEOUT, KAFKA_UNAVAILABLE,
   * INVALID_ARGUMENT for a topic that is not known, ILLEGAL_STATE once it is closed
   */
  async send<N extends keyof Topics & string>(
    topic: N,
    key: ProducerKey<Topics[N]> | null,
    value: ProducerValue<Topics[N]> | null,
    options?: SendOptions,
  ): Promise<SentRecord> {
    if (this.#closing) throw closed()
    return this.#outbox.send(outgoing(this.#formats, topic, key, value, options, Date.now))
  }

  /**
   * Writes all records that `work` sends, or none of them: readers under `read_committed` see them together, once this has
   * resolved. If `work` rejects, or one of its records is not delivered, the transaction is aborted, and this rejects
   * with that error. Transactions of one producer run one after the other.
   *
   * @example
   * await producer.transaction(async (tx) => {
   *   await tx.send('orders', order.id, order)
   *   await tx.send('audit', order.id, { event: 'ordered' })
   * })
   *
   * @returns what `work` returns
   * @throws StreamsError as `send`, and TRANSACTION_TIMEOUT
   */
  async transaction<R>(work: (tx: RecordSender<Topics>) => Promise<R>): Promise<R> {
    requireFunction(work, 'transaction', 'what sends its records')
    if (this.#closing) throw closed()
    const transactions = (this.#transactions ??= this.#transactional())
    return transactions.run(async () => {
      const tx = new OpenTransaction<Topics>(this.#formats, transactions.outbox)
      try {
        const result = await work(tx)
        tx.requireNoFailure()
        return result
      } finally {
        tx.end()
      }
    })
  }

  /** False while records wait for room in `bufferMemory`, a broker or their topic: await `drained()` before sending many more. */
  get writable(): boolean {
    return this.#outbox.writable
  }

  /**
   * Resolves when nothing waits any longer: for loops that send without awaiting each record.
   *
   * @example
   * const failures: unknown[] = []
   * for (const order of placed) {
   *   producer.send('orders', order.id, order).catch((error: unknown) => failures.push(error))
   *   if (!producer.writable) await producer.drained()
   * }
   * await producer.flush()
   */
  drained(): Promise<void> {
    return this.#outbox.drained()
  }

  /**
   * Resolves when everything sent so far outside of transactions is delivered or has failed: which of both, the promises of `send` say.
   *
   * @example
   * await producer.flush()
   */
  flush(): Promise<void> {
    return this.#outbox.flush()
  }

  /**
   * Delivers what was sent, lets a running transaction end, and releases everything. Calls after the first settle with it.
   * `streams.close()` closes the producers of its instance.
   *
   * @example
   * await producer.close({ timeout: '10s' })
   *
   * @returns false if the timeout (default 30 s) passed first: what was not delivered until then was rejected
   */
  close({ timeout = '30s' }: { timeout?: Duration } = {}): Promise<boolean> {
    return (this.#closing ??= this.#close(toMilliseconds(timeout, 'timeout')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    const left = (): number => Math.max(0, deadline - performance.now())
    const ended = (await withDeadline(this.#transactions?.ended ?? Promise.resolve(), left())) !== 'timeout'
    const outboxes = [this.#outbox, ...(this.#transactions ? [this.#transactions.outbox] : [])]
    const inTime = await Promise.all(outboxes.map((outbox) => outbox.close(left(), closed)))
    await withDeadline(this.#client?.close() ?? Promise.resolve(), Math.max(CLOSE_CLIENT_MS, left()))
    return ended && inTime.every(Boolean)
  }
}

const CLOSE_CLIENT_MS = 1000

/** What `work` sends by. */
class OpenTransaction<Topics extends ProducerTopics> implements RecordSender<Topics> {
  #ended = false
  #failure: { readonly error: unknown } | undefined

  constructor(
    private readonly formats: TopicFormats,
    private readonly outbox: Outbox,
  ) {}

  end(): void {
    this.#ended = true
  }

  /** A record that was never taken fails the transaction also where nobody awaits it. */
  requireNoFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  send<N extends keyof Topics & string>(
    topic: N,
    key: ProducerKey<Topics[N]> | null,
    value: ProducerValue<Topics[N]> | null,
    options?: SendOptions,
  ): Promise<SentRecord> {
    let sent: Promise<SentRecord>
    try {
      if (this.#ended) throw afterTheEnd(topic)
      sent = this.outbox.send(outgoing(this.formats, topic, key, value, options, Date.now))
      // the transaction fails with it
      sent.catch(() => {})
    } catch (error) {
      this.#failure ??= { error }
      sent = Promise.reject(error as Error)
      if (!this.#ended) sent.catch(() => {})
    }
    return sent
  }
}

const afterTheEnd = (topic: string): StreamsError =>
  new StreamsError(
    'ILLEGAL_STATE',
    `a record for topic "${topic}" was sent after its transaction had ended: await everything that sends before the callback returns`,
    { topic },
  )

const closed = (): StreamsError => new StreamsError('ILLEGAL_STATE', 'the producer is closed')
