import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duration, toMilliseconds } from './durations'
import { StreamsError } from './errors'
import type {
  DeserializationExceptionHandler,
  ProcessingExceptionHandler,
  ProductionExceptionHandler,
} from './handlers'
import { isKafkaConnection, type KafkaConnection } from './kafka/client'
import type { Compression } from './kafka/port'
import { nearestName } from './nearest-name'
import type { Logger } from './observe/logger'
import { stderrLogger } from './observe/stderr-logger'
import * as serdes from './serdes'
import type { Serde } from './serdes/serde'
import type { OffsetReset, TimestampExtractor } from './topology/definition'

/** What a crash may do to results: see `StreamsConfig.processingGuarantee`. */
export type ProcessingGuarantee = 'at_least_once' | 'exactly_once'

/**
 * How a `KafkaStreams` instance runs. The keys are Kafka Streams' own in camelCase; only `applicationId` and `kafka`
 * are required. Durations are milliseconds, or text such as `'250ms'`, `'30s'`, `'5m'`.
 */
export interface StreamsConfig {
  /**
   * Names the application: it is the consumer group, the prefix of internal topics and of transactional ids, and the
   * folder below `stateDir`. All instances of one application share it. Letters, digits, `.`, `_` and `-`.
   */
  applicationId: string
  /** kafkajs's own `KafkaConfig` (brokers, ssl, sasl …), or an `EmbeddedKafka` for a run without a broker. */
  kafka: KafkaConnection
  /** Named in the broker's logs and quotas. Default: `<applicationId>-<process id>`. */
  clientId?: string
  /** Where state is kept, in `<stateDir>/<applicationId>`. Default: `millrace` in the system's temporary folder; set it where state shall outlive a reboot. */
  stateDir?: string
  /**
   * `at_least_once` (default): after a crash, records since the last commit are processed again. `exactly_once`: inputs,
   * state and outputs are committed in one transaction (EOS v2, KIP-447); readers of outputs use `read_committed`.
   */
  processingGuarantee?: ProcessingGuarantee
  /** How often progress is committed and caches are written out. Default: 30 s, under `exactly_once` 100 ms. */
  commitInterval?: Duration
  /** Memory for the record caches of all stores of the instance, in bytes. 0 forwards every update of a table. Default: 10 MiB. */
  statestoreCacheMaxBytes?: number
  /** Uncommitted state above which a commit is made early, in bytes. Default: 64 MiB. */
  maxUncommittedBytes?: number
  /** For keys where the topology names no serde. Default: `serdes.string()`. */
  defaultKeySerde?: Serde<unknown>
  /** For values where the topology names no serde. Default: `serdes.json()`. */
  defaultValueSerde?: Serde<unknown>
  /** The event time of records from sources that name no extractor of their own. Default: `failOnInvalidTimestamp`, the record's own timestamp. */
  defaultTimestampExtractor?: TimestampExtractor
  /**
   * How long a task with several inputs waits for the ones that are empty, to keep timestamps in order: 0 (default)
   * waits for records known to be on the broker, −1 never waits. KIP-695.
   */
  maxTaskIdle?: Duration | -1
  /**
   * How often at most, by the wall clock, windows that have closed are emitted (`emitStrategy('onWindowClose')`), and
   * unmatched records of left and outer stream joins. Default: 1 s.
   */
  emitInterval?: Duration
  /** Records kept per input partition, above which it is paused. Default: 1000. */
  bufferedRecordsPerPartition?: number
  /** Of internal topics. Default: −1, the broker's own. */
  replicationFactor?: number
  /** Configs of all internal topics, such as `{ 'min.insync.replicas': '2' }`; a store's own ones go before. */
  topicConfig?: Readonly<Record<string, string>>
  /** Makes this instance a static member (KIP-345): a restart within `sessionTimeout` causes no rebalance. Unique per instance. */
  groupInstanceId?: string
  /** An instance that has not been heard of for so long is dead, and its tasks move. Default: 45 s. */
  sessionTimeout?: Duration
  /** Default: 3 s. */
  heartbeatInterval?: Duration
  /** How long a rebalance waits for this instance to give up its tasks. Default: 5 min. */
  maxPollInterval?: Duration
  /** Where reading starts on a partition without a committed offset. `none` is an error then. Default: `earliest`. */
  autoOffsetReset?: OffsetReset
  /** What to do while a source topic does not exist: `wait` for it, saying so (default), or `fail`. */
  missingSourceTopics?: 'wait' | 'fail'
  /** How often partition counts and topics matching a pattern are looked up. Default: 5 min. */
  metadataMaxAge?: Duration
  /** Under `exactly_once`: the broker ends a transaction that is open for so long. Default: 10 s. */
  transactionTimeout?: Duration
  /** How long an output batch waits for more. Default: 100 ms. */
  lingerMs?: number
  /** Of outputs, changelogs and repartition topics. Default: `none`. */
  compression?: Compression
  /** How long delivery of an output is retried before it counts as failed. Default: 2 min. */
  deliveryTimeout?: Duration
  /** How often records are deleted from repartition topics once they are processed and committed. Default: 30 s. */
  repartitionPurgeInterval?: Duration
  /** A user callback that takes longer is named in the log. Default: 5 s. */
  slowCallbackWarning?: Duration
  /** How long `close()` may take. Default: 30 s. */
  closeTimeout?: Duration
  /** What to do with a record that can't be deserialized. Default: fail. */
  deserializationExceptionHandler?: DeserializationExceptionHandler
  /** What to do with a record on which a processor throws. Default: fail. */
  processingExceptionHandler?: ProcessingExceptionHandler
  /** What to do with an output that can't be serialized or delivered. Default: fail. */
  productionExceptionHandler?: ProductionExceptionHandler
  /** Default: warnings and errors on standard error. */
  logger?: Logger
}

/** `StreamsConfig` with every default filled in and every duration in milliseconds. */
export interface ResolvedConfig {
  readonly applicationId: string
  readonly kafka: KafkaConnection
  readonly clientId: string | undefined
  readonly stateDir: string
  readonly processingGuarantee: ProcessingGuarantee
  readonly commitIntervalMs: number
  readonly statestoreCacheMaxBytes: number
  readonly maxUncommittedBytes: number
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  readonly defaultTimestampExtractor: TimestampExtractor | undefined
  readonly maxTaskIdleMs: number
  readonly emitIntervalMs: number
  readonly bufferedRecordsPerPartition: number
  readonly replicationFactor: number
  readonly topicConfig: Readonly<Record<string, string>>
  readonly groupInstanceId: string | undefined
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly maxPollIntervalMs: number
  readonly autoOffsetReset: OffsetReset
  readonly missingSourceTopics: 'wait' | 'fail'
  readonly metadataMaxAgeMs: number
  readonly transactionTimeoutMs: number
  readonly lingerMs: number
  readonly compression: Compression
  readonly deliveryTimeoutMs: number
  readonly repartitionPurgeIntervalMs: number
  readonly slowCallbackWarningMs: number
  readonly closeTimeoutMs: number
  readonly deserializationExceptionHandler: DeserializationExceptionHandler | undefined
  readonly processingExceptionHandler: ProcessingExceptionHandler | undefined
  readonly productionExceptionHandler: ProductionExceptionHandler | undefined
  readonly logger: Logger
}

const MIB = 1024 * 1024

/** Fills in defaults; throws `INVALID_CONFIG` for a key that does not exist and for a value that can't be meant. */
export const resolveConfig = (config: StreamsConfig): ResolvedConfig => {
  if (typeof config !== 'object' || config === null) {
    throw invalid('the configuration is missing: pass at least { applicationId, kafka }')
  }
  refuseUnknownKeys(config)
  const exactlyOnce =
    oneOf(config, 'processingGuarantee', ['at_least_once', 'exactly_once'], 'at_least_once') === 'exactly_once'
  const resolved: ResolvedConfig = {
    applicationId: applicationId(config.applicationId),
    kafka: connection(config.kafka),
    clientId: optionalText(config, 'clientId'),
    stateDir: optionalText(config, 'stateDir') ?? join(tmpdir(), 'millrace'),
    processingGuarantee: exactlyOnce ? 'exactly_once' : 'at_least_once',
    commitIntervalMs: duration(config, 'commitInterval', exactlyOnce ? 100 : 30_000),
    statestoreCacheMaxBytes: whole(config, 'statestoreCacheMaxBytes', 10 * MIB, 0),
    maxUncommittedBytes: whole(config, 'maxUncommittedBytes', 64 * MIB, 1),
    defaultKeySerde: serde(config, 'defaultKeySerde', serdes.string()),
    defaultValueSerde: serde(config, 'defaultValueSerde', serdes.json()),
    defaultTimestampExtractor: config.defaultTimestampExtractor,
    maxTaskIdleMs: config.maxTaskIdle === -1 ? -1 : duration(config, 'maxTaskIdle', 0),
    emitIntervalMs: duration(config, 'emitInterval', 1000),
    bufferedRecordsPerPartition: whole(config, 'bufferedRecordsPerPartition', 1000, 1),
    replicationFactor: config.replicationFactor === -1 ? -1 : whole(config, 'replicationFactor', -1, 1),
    topicConfig: textRecord(config, 'topicConfig'),
    groupInstanceId: optionalText(config, 'groupInstanceId'),
    sessionTimeoutMs: duration(config, 'sessionTimeout', 45_000),
    heartbeatIntervalMs: duration(config, 'heartbeatInterval', 3000),
    maxPollIntervalMs: duration(config, 'maxPollInterval', 300_000),
    autoOffsetReset: oneOf(config, 'autoOffsetReset', ['earliest', 'latest', 'none'], 'earliest'),
    missingSourceTopics: oneOf(config, 'missingSourceTopics', ['wait', 'fail'], 'wait'),
    metadataMaxAgeMs: duration(config, 'metadataMaxAge', 300_000),
    transactionTimeoutMs: duration(config, 'transactionTimeout', 10_000),
    lingerMs: whole(config, 'lingerMs', 100, 0),
    compression: oneOf(config, 'compression', ['none', 'gzip', 'snappy', 'lz4', 'zstd'], 'none'),
    deliveryTimeoutMs: duration(config, 'deliveryTimeout', 120_000),
    repartitionPurgeIntervalMs: duration(config, 'repartitionPurgeInterval', 30_000),
    slowCallbackWarningMs: duration(config, 'slowCallbackWarning', 5000),
    closeTimeoutMs: duration(config, 'closeTimeout', 30_000),
    deserializationExceptionHandler: config.deserializationExceptionHandler,
    processingExceptionHandler: config.processingExceptionHandler,
    productionExceptionHandler: config.productionExceptionHandler,
    logger: logger(config.logger),
  }
  if (resolved.heartbeatIntervalMs === 0 || resolved.heartbeatIntervalMs * 2 > resolved.sessionTimeoutMs) {
    throw invalid(
      `heartbeatInterval is ${resolved.heartbeatIntervalMs} ms and sessionTimeout ${resolved.sessionTimeoutMs} ms: ` +
        'one lost heartbeat would end the session; make heartbeatInterval a third of sessionTimeout or less',
    )
  }
  if (exactlyOnce && resolved.commitIntervalMs >= resolved.transactionTimeoutMs) {
    throw invalid(
      `commitInterval is ${resolved.commitIntervalMs} ms and transactionTimeout ${resolved.transactionTimeoutMs} ms: ` +
        'every transaction would time out before its commit; raise transactionTimeout or lower commitInterval',
    )
  }
  return resolved
}

const KEYS: Readonly<Record<keyof StreamsConfig, true>> = {
  applicationId: true,
  kafka: true,
  clientId: true,
  stateDir: true,
  processingGuarantee: true,
  commitInterval: true,
  statestoreCacheMaxBytes: true,
  maxUncommittedBytes: true,
  defaultKeySerde: true,
  defaultValueSerde: true,
  defaultTimestampExtractor: true,
  maxTaskIdle: true,
  emitInterval: true,
  bufferedRecordsPerPartition: true,
  replicationFactor: true,
  topicConfig: true,
  groupInstanceId: true,
  sessionTimeout: true,
  heartbeatInterval: true,
  maxPollInterval: true,
  autoOffsetReset: true,
  missingSourceTopics: true,
  metadataMaxAge: true,
  transactionTimeout: true,
  lingerMs: true,
  compression: true,
  deliveryTimeout: true,
  repartitionPurgeInterval: true,
  slowCallbackWarning: true,
  closeTimeout: true,
  deserializationExceptionHandler: true,
  processingExceptionHandler: true,
  productionExceptionHandler: true,
  logger: true,
}

const invalid = (message: string): StreamsError => new StreamsError('INVALID_CONFIG', message)

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

const refuseUnknownKeys = (config: StreamsConfig): void => {
  const unknown = Object.keys(config).filter((key) => !(key in KEYS))
  if (unknown.length === 0) return
  const named = unknown.map((key) => {
    const near = nearestName(key, Object.keys(KEYS))
    return near ? `${key} (did you mean ${near}?)` : key
  })
  throw invalid(`unknown configuration ${unknown.length > 1 ? 'keys' : 'key'}: ${named.join(', ')}`)
}

const applicationId = (value: unknown): string => {
  if (typeof value !== 'string' || value === '') throw invalid('applicationId is missing: give the application a name')
  if (!/^[a-zA-Z0-9._-]+$/.test(value) || value === '.' || value === '..' || value.length > 200) {
    throw invalid(
      `applicationId is ${shown(value)}: it becomes part of topic names, so use up to 200 letters, digits, '.', '_' and '-'`,
    )
  }
  return value
}

const connection = (value: unknown): KafkaConnection => {
  if (isKafkaConnection(value)) return value
  throw invalid(
    "kafka is missing: pass kafkajs's configuration such as { brokers: ['localhost:9092'] }, or an EmbeddedKafka",
  )
}

const optionalText = (config: StreamsConfig, key: 'clientId' | 'stateDir' | 'groupInstanceId'): string | undefined => {
  const value: unknown = config[key]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw invalid(`${key} is ${shown(value)}: give a text that is not empty, or leave it out`)
}

const oneOf = <K extends keyof StreamsConfig, T extends string>(
  config: StreamsConfig,
  key: K,
  allowed: readonly T[],
  fallback: T,
): T => {
  const value: unknown = config[key]
  if (value === undefined) return fallback
  const found = allowed.find((name) => name === value)
  if (found === undefined) throw invalid(`${key} is ${shown(value)}: it can be ${allowed.map(shown).join(', ')}`)
  return found
}

const duration = (config: StreamsConfig, key: keyof StreamsConfig, fallback: number): number => {
  const value = config[key]
  if (value === undefined) return fallback
  try {
    return toMilliseconds(value as Duration, key)
  } catch (error) {
    throw new StreamsError('INVALID_CONFIG', (error as Error).message)
  }
}

const whole = (config: StreamsConfig, key: keyof StreamsConfig, fallback: number, least: number): number => {
  const value: unknown = config[key]
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw invalid(`${key} is ${shown(value)}: give a whole number of ${least} or more`)
  }
  return value
}

const serde = (
  config: StreamsConfig,
  key: 'defaultKeySerde' | 'defaultValueSerde',
  fallback: Serde<unknown>,
): Serde<unknown> => {
  const value = (config[key] ?? fallback) as Serde<unknown>
  if (typeof value.serialize === 'function' && typeof value.deserialize === 'function') return value
  throw invalid(`${key} is no serde: call the function, for example ${key}: serdes.string()`)
}

const textRecord = (config: StreamsConfig, key: 'topicConfig'): Readonly<Record<string, string>> => {
  const value: unknown = config[key] ?? {}
  if (typeof value === 'object' && value !== null && Object.values(value).every((entry) => typeof entry === 'string')) {
    return value as Record<string, string>
  }
  throw invalid(`${key} must map names to texts, for example { 'min.insync.replicas': '2' }`)
}

const logger = (value: unknown): Logger => {
  if (value === undefined) return stderrLogger('warn')
  const methods = ['debug', 'info', 'warn', 'error'] as const
  if (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as Logger)[name] === 'function')
  ) {
    return value as Logger
  }
  throw invalid('logger needs the methods debug, info, warn and error, each taking (fields, message)')
}
