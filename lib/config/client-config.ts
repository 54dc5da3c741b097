import {
  type ConfigSection,
  duration,
  invalid,
  kafkaDuration,
  oneOf,
  refuseUnknownKeys,
  shown,
  whole,
} from './config-values'
import type { Duration } from '../durations'
import type { Compression, FetcherConfig, Isolation, ProducerConfig } from '../kafka/port'

/** How outputs, changelogs and repartition topics are written: Kafka's producer settings in camelCase. */
export interface ProducerSettings {
  /**
   * Which replicas must have a record before it counts as written: all in-sync ones. The producer is idempotent, which requires that, so
   * nothing else is accepted. Default: `all`.
   */
  acks?: 'all' | -1
  /**
   * How long a batch waits for more records at most. While records are waiting to be processed it waits that long, unless it is full; with nothing
   * left to process it is sent at once, or within a twentieth of this time after the request before. Raise it for fewer and larger requests. Default: 100 ms.
   */
  linger?: Duration
  /** A partition's batch of this many bytes is sent without waiting for `linger`; under load, batches grow to eight times this size. Default: 16 KiB. */
  batchSize?: number
  /** Default: `none`. */
  compressionType?: Compression
  /** Unacknowledged records, in bytes, above which processing waits. Default: 32 MiB. */
  bufferMemory?: number
  /**
   * The largest record, and the largest request, in bytes before compression. Raise it together with `max.message.bytes` of the topics that take
   * large records; for changelogs and repartition topics, set that with `topicConfig`. Default: 1 MiB.
   */
  maxRequestSize?: number
  /** How long a broker may take to answer before the request is sent again on a new connection. Default: `requestTimeout` of `kafka`, 30 s. */
  requestTimeout?: Duration
  /** How long delivery of a record is retried before it counts as failed. Default: 2 min. */
  deliveryTimeout?: Duration
  /** Unacknowledged batches of a partition, 1 to 5: brokers can't keep more than 5 in order. Default: 5. */
  maxInFlightRequestsPerConnection?: number
}

/** How topics are read: Kafka's consumer settings in camelCase. Settings of the consumer group are in `StreamsConfig` itself. */
export interface ConsumerSettings {
  /** The largest response, in bytes. A larger record still gets through. Default: 50 MiB. */
  fetchMaxBytes?: number
  /** The most data of one partition in a response, in bytes. A larger record still gets through. Default: 1 MiB. */
  maxPartitionFetchBytes?: number
  /** A broker waits until it has this many bytes, or `fetchMaxWait` has passed. Raise it for fewer requests at the cost of latency. Default: 1. */
  fetchMinBytes?: number
  /** How long a broker may hold a request while there is less than `fetchMinBytes` to read. Default: 500 ms. */
  fetchMaxWait?: Duration
  /** How long a broker may take to answer beyond `fetchMaxWait` before the request is sent again on a new connection. Default: `requestTimeout` of `kafka`, 30 s. */
  requestTimeout?: Duration
  /** Data fetched but not yet processed, in bytes, above which fetching pauses. Kafka's own consumer has no such limit. Default: 64 MiB. */
  bufferMemory?: number
  /** A record batch larger than this when decompressed is an error: a few bytes must not exhaust the memory. Default: 128 MiB. */
  maxDecompressedBytes?: number
}

/** The clients' part of `StreamsConfig`. */
export interface ClientSettings {
  /** How outputs, changelogs and repartition topics are written. */
  producer?: ProducerSettings
  /** How topics are read, by the main consumer and, unless they override it, by the others. */
  consumer?: ConsumerSettings
  /** How changelogs are read while state is restored, where it differs from `consumer`. */
  restoreConsumer?: ConsumerSettings
  /** How the topics of global tables are read, where it differs from `consumer`. */
  globalConsumer?: ConsumerSettings
}

/** Of the producer, with every default; the rest is for whoever opens one. */
export type ResolvedProducerConfig = Required<Omit<ProducerConfig, 'transactionalId' | 'lease' | 'requestTimeoutMs'>> &
  Pick<ProducerConfig, 'requestTimeoutMs'>

/** `ClientSettings` in the terms of the Kafka port. */
export interface ResolvedClientConfig {
  readonly producerConfig: ResolvedProducerConfig
  readonly fetcherConfig: FetcherConfig
  readonly restoreFetcherConfig: FetcherConfig
  readonly globalFetcherConfig: FetcherConfig
}

const KIB = 1024
const MIB = 1024 * KIB
/** Kafka's int32. */
const MOST_BYTES = 2 ** 31 - 1

const PRODUCER_KEYS: Readonly<Record<keyof ProducerSettings, true>> = {
  acks: true,
  linger: true,
  batchSize: true,
  compressionType: true,
  bufferMemory: true,
  maxRequestSize: true,
  requestTimeout: true,
  deliveryTimeout: true,
  maxInFlightRequestsPerConnection: true,
}

const CONSUMER_KEYS: Readonly<Record<keyof ConsumerSettings, true>> = {
  fetchMaxBytes: true,
  maxPartitionFetchBytes: true,
  fetchMinBytes: true,
  fetchMaxWait: true,
  requestTimeout: true,
  bufferMemory: true,
  maxDecompressedBytes: true,
}

/** The keys that an unknown one may have been meant for, by spelling, with and without their section. */
export const clientSettingSuggestions = (): ReadonlyMap<string, string> => {
  const suggestions = new Map<string, string>()
  for (const [section, keys] of [
    ['restoreConsumer', CONSUMER_KEYS],
    ['globalConsumer', CONSUMER_KEYS],
    ['consumer', CONSUMER_KEYS],
    ['producer', PRODUCER_KEYS],
  ] as const) {
    for (const key of Object.keys(keys)) {
      suggestions.set(`${section}.${key}`, `${section}.${key}`)
      suggestions.set(key, `${section}.${key}`)
    }
  }
  return suggestions
}

/** Fills in defaults; throws `INVALID_CONFIG` for an unknown key or an invalid value. */
export const resolveClientConfig = (
  settings: ClientSettings,
  { exactlyOnce, transactionTimeoutMs }: { exactlyOnce: boolean; transactionTimeoutMs: number },
): ResolvedClientConfig => {
  const isolation = exactlyOnce ? 'read_committed' : 'read_uncommitted'
  const consumer = fetcherConfig(section(settings, 'consumer', CONSUMER_KEYS), { isolation })
  return {
    producerConfig: producerConfig(section(settings, 'producer', PRODUCER_KEYS), transactionTimeoutMs),
    fetcherConfig: consumer,
    // changelogs may contain records of aborted transactions from an earlier run
    restoreFetcherConfig: fetcherConfig(section(settings, 'restoreConsumer', CONSUMER_KEYS), {
      ...consumer,
      isolation: 'read_committed',
    }),
    globalFetcherConfig: fetcherConfig(section(settings, 'globalConsumer', CONSUMER_KEYS), consumer),
  }
}

const producerConfig = (
  producer: ConfigSection<ProducerSettings>,
  transactionTimeoutMs: number,
): ResolvedProducerConfig => {
  const { acks = 'all' } = producer.values
  if (acks !== 'all' && acks !== -1) {
    throw invalid(
      `producer.acks is ${shown(acks)}: it can only be 'all', because the producer is idempotent, so that retries neither lose, repeat nor reorder records`,
    )
  }
  const lingerMs = duration(producer, 'linger', 100)
  const deliveryTimeoutMs = duration(producer, 'deliveryTimeout', 120_000)
  if (deliveryTimeoutMs < lingerMs) {
    throw invalid(
      `producer.deliveryTimeout is ${deliveryTimeoutMs} ms and producer.linger ${lingerMs} ms: a record could fail before it is ` +
        'sent for the first time; raise deliveryTimeout or lower linger',
    )
  }
  return {
    transactionTimeoutMs,
    compression: oneOf(producer, 'compressionType', ['none', 'gzip', 'snappy', 'lz4', 'zstd'], 'none'),
    lingerMs,
    batchBytes: whole(producer, 'batchSize', 16 * KIB, 1, MOST_BYTES),
    maxBufferedBytes: whole(producer, 'bufferMemory', 32 * MIB, 1),
    maxInFlight: whole(producer, 'maxInFlightRequestsPerConnection', 5, 1, 5),
    deliveryTimeoutMs,
    maxRequestBytes: whole(producer, 'maxRequestSize', MIB, 1, MOST_BYTES),
    ...requestTimeout(producer),
  }
}

const fetcherConfig = (
  consumer: ConfigSection<ConsumerSettings>,
  base: FetcherConfig & { isolation: Isolation },
): FetcherConfig => ({
  isolation: base.isolation,
  maxBytes: whole(consumer, 'fetchMaxBytes', base.maxBytes ?? 50 * MIB, 1, MOST_BYTES),
  maxBytesPerPartition: whole(consumer, 'maxPartitionFetchBytes', base.maxBytesPerPartition ?? MIB, 1, MOST_BYTES),
  minBytes: whole(consumer, 'fetchMinBytes', base.minBytes ?? 1, 0, MOST_BYTES),
  maxWaitMs: kafkaDuration(consumer, 'fetchMaxWait', base.maxWaitMs ?? 500, 0),
  maxBufferedBytes: whole(consumer, 'bufferMemory', base.maxBufferedBytes ?? 64 * MIB, 1),
  maxDecompressedBytes: whole(consumer, 'maxDecompressedBytes', base.maxDecompressedBytes ?? 128 * MIB, 1),
  ...(base.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: base.requestTimeoutMs }),
  ...requestTimeout(consumer),
})

const requestTimeout = (client: ConfigSection<{ requestTimeout?: Duration }>): { requestTimeoutMs?: number } =>
  client.values.requestTimeout === undefined ? {} : { requestTimeoutMs: duration(client, 'requestTimeout', 0) }

const section = <K extends keyof ClientSettings>(
  settings: ClientSettings,
  name: K,
  keys: Readonly<Record<string, true>>,
): ConfigSection<NonNullable<ClientSettings[K]>> => {
  const values: unknown = settings[name] ?? {}
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw invalid(`${name} is ${shown(values)}: give an object such as { ${Object.keys(keys)[1]}: … }`)
  }
  const found = { values: values as NonNullable<ClientSettings[K]>, path: `${name}.` }
  refuseUnknownKeys(found, keys, new Map(Object.keys(keys).map((key) => [key, `${name}.${key}`])))
  return found
}
