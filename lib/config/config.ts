import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import {
  type ClientSettings,
  clientSettingSuggestions,
  resolveClientConfig,
  type ResolvedClientConfig,
} from './client-config'
import { resolveConnection } from './connection-config'
import { duration, invalid, kafkaDuration, oneOf, refuseUnknownKeys, shown, whole } from './config-values'
import type { Duration } from '../durations'
import type {
  DeserializationExceptionHandler,
  ProcessingExceptionHandler,
  ProductionExceptionHandler,
} from '../handlers'
import { exceptionHandler } from './handler-config'
import type { KafkaConnection } from '../kafka/client'
import { resolveLogger } from './logger-config'
import type { Logger } from '../observe/logger'
import { type HostInfo, parseHostInfo } from '../host-info'
import type { MetricsRecordingLevel } from '../observe/metrics/metric'
import type { RecordTracing } from '../observe/tracing'
import type { LogFormat, LogLevel } from '../observe/log-level'
import * as serdes from '../serdes'
import { fallbackJson } from '../serdes/json'
import type { Serde } from '../serdes/serde'
import { levelEngine } from '../state/level/level-engine'
import type { StateCacheBudget, StateEngine } from '../state/state-engine'
import type { TimestampExtractor } from '../topology/definition'
import { OFFSET_RESETS, type OffsetReset, offsetResetText } from '../topology/offset-reset'

/** What results guarantee after a crash: see `StreamsConfig.processingGuarantee`. */
export type ProcessingGuarantee = 'at_least_once' | 'exactly_once'

/**
 * How a `KafkaStreams` instance runs. The keys are Kafka Streams' own in camelCase; only `applicationId` and `kafka`
 * are required. Durations are milliseconds, or text such as `'250ms'`, `'30s'`, `'5m'`.
 */
export interface StreamsConfig extends ClientSettings {
  /**
   * The application's name: it is the consumer group, the prefix of internal topics and transactional ids, and the
   * folder under `stateDir`. All instances of one application share it. Letters, digits, `.`, `_` and `-`.
   */
  applicationId: string
  /**
   * kafkajs's own `KafkaConfig` (brokers, ssl, sasl …), an `EmbeddedKafka` for a run without a broker, or
   * `{ client: (options) => … }` for a `KafkaClient` of your own.
   */
  kafka: KafkaConnection
  /**
   * Where this instance answers queries, as the other instances reach it: `host:port`. They learn it with their assignment,
   * so that each of them can find the owner of a key (`metadataForKey`) and ask it (`query`). It opens no port:
   * `listen` of `millrace/http` does. Default: none; then no other instance can read this one's stores.
   */
  applicationServer?: string
  /** Identifies the client in the broker's logs and quotas. Default: `<applicationId>-<process id>`. */
  clientId?: string
  /** Where state is kept, in `<stateDir>/<applicationId>`. Default: `millrace` in the system's temporary folder; set it if state should survive a reboot. */
  stateDir?: string
  /**
   * Where persistent stores are kept: `levelEngine()`, `memoryEngine()`, or your own (`StateEngine`). Changing it is
   * safe if all stores have changelogs: they are restored. Default: `levelEngine()`, which is LevelDB.
   */
  stateEngine?: StateEngine
  /**
   * `at_least_once` (default): after a crash, records since the last commit are processed again. `exactly_once`: inputs,
   * state and outputs are committed in one transaction (EOS v2, KIP-447); readers of outputs use `read_committed`.
   */
  processingGuarantee?: ProcessingGuarantee
  /** How often progress is committed and caches are flushed. Default: 30 s, under `exactly_once` 100 ms. */
  commitInterval?: Duration
  /** Memory for the record caches of all stores of the instance, in bytes. 0 forwards every update of a table. Default: 10 MiB. */
  statestoreCacheMaxBytes?: number
  /**
   * Memory for entries of persistent stores that were read or written, in bytes, for all stores of the instance together: what
   * is there needs no read from LevelDB. It is used as it fills, and outside the JavaScript heap. Results don't depend on
   * it; 0 turns it off. Raise it to the size of the state that is in use; beyond 4 GiB nothing is gained. Default: an eighth of the memory of the
   * machine or container, at most 256 MiB.
   */
  stateCacheMaxBytes?: number
  /** Uncommitted state above which a commit is made early, in bytes. More than 32 MiB in one task always cause one. Default: 64 MiB. */
  maxUncommittedBytes?: number
  /** The serde for keys where the topology names none. Default: `serdes.string()`. */
  defaultKeySerde?: Serde<unknown>
  /**
   * The serde for values where the topology names none. Default: `serdes.json()`; but if a sink would thereby turn values of
   * another serde into JSON, the topology is rejected (`MISSING_SERDE`) until it names their serde.
   */
  defaultValueSerde?: Serde<unknown>
  /** The event time of records from sources that name no extractor of their own. Default: `failOnInvalidTimestamp`, the record's own timestamp. */
  defaultTimestampExtractor?: TimestampExtractor
  /**
   * How long a task with several inputs waits for the ones that are empty, to keep timestamps in order: 0 (default)
   * waits only for records known to be on the broker, −1 never waits. KIP-695.
   */
  maxTaskIdle?: Duration | -1
  /**
   * The shortest wall-clock interval at which closed windows are emitted (`emitStrategy('onWindowClose')`), and
   * unmatched records of left and outer stream joins. Default: 1 s.
   */
  emitInterval?: Duration
  /** Records buffered per input partition, above which it is paused. Default: 1000. */
  bufferedRecordsPerPartition?: number
  /** The replication factor of internal topics. Default: −1, the broker's own. */
  replicationFactor?: number
  /**
   * Configs of all internal topics, such as `{ 'min.insync.replicas': '2' }`. What a store needs takes precedence: its own
   * configs (`logging`), the `retention.ms` of its windows or sessions, and the `min.compaction.lag.ms` of its versions.
   */
  topicConfig?: Readonly<Record<string, string>>
  /**
   * How much longer a changelog keeps windows or sessions than its store does, in case the broker's clock is ahead
   * of the records' timestamps. Default: 1 d.
   */
  windowStoreChangelogAdditionalRetention?: Duration
  /** Makes this instance a static member (KIP-345): a restart within `sessionTimeout` causes no rebalance. Unique per instance. */
  groupInstanceId?: string
  /** An instance that sends no heartbeat for this long is considered dead, and its tasks move. Default: 45 s. */
  sessionTimeout?: Duration
  /** How often heartbeats are sent. Default: 3 s. */
  heartbeatInterval?: Duration
  /** How long a rebalance waits for this instance to give up its tasks. Default: 5 min. */
  maxPollInterval?: Duration
  /**
   * Where reading starts on a partition without a committed offset. `none` is an error then; `{ byDuration: '1h' }` starts
   * with the records of the last hour. Default: `earliest`.
   */
  autoOffsetReset?: OffsetReset
  /** What to do while a source topic does not exist: `wait` for it, with warnings (default), or `fail`. */
  missingSourceTopics?: 'wait' | 'fail'
  /** How often partition counts and topics matching a pattern are looked up. Default: 5 min. */
  metadataMaxAge?: Duration
  /** Under `exactly_once`: the broker aborts a transaction that stays open for this long. Default: 10 s. */
  transactionTimeout?: Duration
  /** How often records are deleted from repartition topics once they are processed and committed. Default: 30 s. */
  repartitionPurgeInterval?: Duration
  /** A user callback that takes longer than this, or is pending for longer, is named in the log. Default: 5 s. */
  slowCallbackWarning?: Duration
  /** How long `close()` may take. Default: 30 s. */
  closeTimeout?: Duration
  /** What to do with a record that can't be deserialized. Default: fail. */
  deserializationExceptionHandler?: DeserializationExceptionHandler
  /** What to do with a record on which a processor throws. Default: fail. */
  processingExceptionHandler?: ProcessingExceptionHandler
  /** What to do with an output that can't be serialized, that is too large for the producer or the topic, or whose topic does not exist. Default: fail. */
  productionExceptionHandler?: ProductionExceptionHandler
  /**
   * How much `metrics()` measures: `info` costs next to nothing, `debug` adds rates and latencies of each task and operator, at a
   * few nanoseconds for each record and operator, and `off` measures nothing. Default: `info`.
   */
  metricsRecordingLevel?: MetricsRecordingLevel
  /** Follows each record that is read, and what is written for it: `recordTracing` of `millrace/opentelemetry`. Default: nothing is traced. */
  tracing?: RecordTracing
  /**
   * Takes `(fields, message)` as pino and most structured loggers do; an error is in the field `err`. Default: one that
   * writes to standard error, at `logLevel` and above.
   */
  logger?: Logger
  /** The lowest level that the default logger writes. Your own `logger` has its own level. Default: `warn`. */
  logLevel?: LogLevel
  /**
   * How the default logger writes: `text` for people, `json` as one line for each event, as pino does. Default: `text` at a terminal, `json`
   * elsewhere.
   */
  logFormat?: LogFormat
}

/** `StreamsConfig` with every default filled in and every duration in milliseconds. */
export interface ResolvedConfig extends ResolvedClientConfig {
  readonly applicationId: string
  readonly kafka: KafkaConnection
  readonly applicationServer: HostInfo | undefined
  readonly clientId: string | undefined
  readonly stateDir: string
  readonly stateEngine: StateEngine
  readonly processingGuarantee: ProcessingGuarantee
  readonly commitIntervalMs: number
  readonly statestoreCacheMaxBytes: number
  /** One for all databases of the instance. */
  readonly stateCache: StateCacheBudget
  readonly maxUncommittedBytes: number
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  readonly defaultTimestampExtractor: TimestampExtractor | undefined
  readonly maxTaskIdleMs: number
  readonly emitIntervalMs: number
  readonly bufferedRecordsPerPartition: number
  readonly replicationFactor: number
  readonly topicConfig: Readonly<Record<string, string>>
  readonly windowStoreChangelogAdditionalRetentionMs: number
  readonly groupInstanceId: string | undefined
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly maxPollIntervalMs: number
  readonly autoOffsetReset: OffsetReset
  readonly missingSourceTopics: 'wait' | 'fail'
  readonly metadataMaxAgeMs: number
  readonly transactionTimeoutMs: number
  readonly repartitionPurgeIntervalMs: number
  readonly slowCallbackWarningMs: number
  readonly closeTimeoutMs: number
  readonly deserializationExceptionHandler: DeserializationExceptionHandler | undefined
  readonly processingExceptionHandler: ProcessingExceptionHandler | undefined
  readonly productionExceptionHandler: ProductionExceptionHandler | undefined
  readonly metricsRecordingLevel: MetricsRecordingLevel
  readonly tracing: RecordTracing | undefined
  readonly logger: Logger
}

const MIB = 1024 * 1024

/** In a container, what limits it counts, as for the JVM's heap: a fixed size would be too much for a small one. */
const defaultStateCacheBytes = (): number => {
  const limit = process.constrainedMemory() || Infinity
  return Math.min(256 * MIB, Math.floor(Math.min(limit, totalmem()) / 8))
}

/** Fills in defaults; throws `INVALID_CONFIG` for an unknown key or an invalid value. */
export const resolveConfig = (config: StreamsConfig): ResolvedConfig => {
  if (typeof config !== 'object' || config === null) {
    throw invalid('the configuration is missing: pass at least { applicationId, kafka }')
  }
  const top = { values: config, path: '' }
  refuseUnknownKeys(
    top,
    KEYS,
    new Map([...clientSettingSuggestions(), ...Object.keys(KEYS).map((key) => [key, key] as const)]),
  )
  const exactlyOnce =
    oneOf(top, 'processingGuarantee', ['at_least_once', 'exactly_once'], 'at_least_once') === 'exactly_once'
  const transactionTimeoutMs = kafkaDuration(top, 'transactionTimeout', 10_000)
  const resolved: ResolvedConfig = {
    ...resolveClientConfig(config, { exactlyOnce, transactionTimeoutMs }),
    applicationId: applicationId(config.applicationId),
    kafka: resolveConnection(config.kafka),
    applicationServer: applicationServer(config.applicationServer),
    clientId: optionalText(config, 'clientId'),
    stateDir: optionalText(config, 'stateDir') ?? join(tmpdir(), 'millrace'),
    stateEngine: stateEngine(config.stateEngine),
    processingGuarantee: exactlyOnce ? 'exactly_once' : 'at_least_once',
    commitIntervalMs: duration(top, 'commitInterval', exactlyOnce ? 100 : 30_000),
    statestoreCacheMaxBytes: whole(top, 'statestoreCacheMaxBytes', 10 * MIB, 0),
    stateCache: { maxBytes: whole(top, 'stateCacheMaxBytes', defaultStateCacheBytes(), 0) },
    maxUncommittedBytes: whole(top, 'maxUncommittedBytes', 64 * MIB, 1),
    defaultKeySerde: serde(config, 'defaultKeySerde', serdes.string()),
    defaultValueSerde: serde(config, 'defaultValueSerde', fallbackJson),
    defaultTimestampExtractor: timestampExtractor(config.defaultTimestampExtractor),
    maxTaskIdleMs: config.maxTaskIdle === -1 ? -1 : duration(top, 'maxTaskIdle', 0),
    emitIntervalMs: duration(top, 'emitInterval', 1000),
    bufferedRecordsPerPartition: whole(top, 'bufferedRecordsPerPartition', 1000, 1),
    replicationFactor: config.replicationFactor === -1 ? -1 : whole(top, 'replicationFactor', -1, 1),
    topicConfig: textRecord(config, 'topicConfig'),
    windowStoreChangelogAdditionalRetentionMs: duration(top, 'windowStoreChangelogAdditionalRetention', 86_400_000),
    groupInstanceId: optionalText(config, 'groupInstanceId'),
    sessionTimeoutMs: kafkaDuration(top, 'sessionTimeout', 45_000),
    heartbeatIntervalMs: kafkaDuration(top, 'heartbeatInterval', 3000),
    maxPollIntervalMs: kafkaDuration(top, 'maxPollInterval', 300_000),
    autoOffsetReset: offsetReset(config.autoOffsetReset),
    missingSourceTopics: oneOf(top, 'missingSourceTopics', ['wait', 'fail'], 'wait'),
    metadataMaxAgeMs: duration(top, 'metadataMaxAge', 300_000),
    transactionTimeoutMs,
    repartitionPurgeIntervalMs: duration(top, 'repartitionPurgeInterval', 30_000),
    slowCallbackWarningMs: duration(top, 'slowCallbackWarning', 5000),
    closeTimeoutMs: duration(top, 'closeTimeout', 30_000),
    deserializationExceptionHandler: exceptionHandler(
      'deserializationExceptionHandler',
      config.deserializationExceptionHandler,
    ),
    processingExceptionHandler: exceptionHandler('processingExceptionHandler', config.processingExceptionHandler),
    productionExceptionHandler: exceptionHandler('productionExceptionHandler', config.productionExceptionHandler),
    metricsRecordingLevel: oneOf(top, 'metricsRecordingLevel', ['off', 'info', 'debug'], 'info'),
    tracing: tracing(config.tracing),
    logger: resolveLogger(config),
  }
  if (resolved.heartbeatIntervalMs * 2 > resolved.sessionTimeoutMs) {
    throw invalid(
      `heartbeatInterval is ${resolved.heartbeatIntervalMs} ms and sessionTimeout ${resolved.sessionTimeoutMs} ms: ` +
        'one lost heartbeat would end the session; make heartbeatInterval a third of sessionTimeout or less',
    )
  }
  if (resolved.slowCallbackWarningMs === 0) {
    throw invalid(
      "slowCallbackWarning is 0: every callback takes longer; to be told of none, give a long time such as '1d'",
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
  applicationServer: true,
  clientId: true,
  stateDir: true,
  stateEngine: true,
  processingGuarantee: true,
  commitInterval: true,
  statestoreCacheMaxBytes: true,
  stateCacheMaxBytes: true,
  maxUncommittedBytes: true,
  defaultKeySerde: true,
  defaultValueSerde: true,
  defaultTimestampExtractor: true,
  maxTaskIdle: true,
  emitInterval: true,
  bufferedRecordsPerPartition: true,
  replicationFactor: true,
  topicConfig: true,
  windowStoreChangelogAdditionalRetention: true,
  groupInstanceId: true,
  sessionTimeout: true,
  heartbeatInterval: true,
  maxPollInterval: true,
  autoOffsetReset: true,
  missingSourceTopics: true,
  metadataMaxAge: true,
  transactionTimeout: true,
  producer: true,
  consumer: true,
  restoreConsumer: true,
  globalConsumer: true,
  repartitionPurgeInterval: true,
  slowCallbackWarning: true,
  closeTimeout: true,
  deserializationExceptionHandler: true,
  processingExceptionHandler: true,
  productionExceptionHandler: true,
  metricsRecordingLevel: true,
  tracing: true,
  logger: true,
  logLevel: true,
  logFormat: true,
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

const tracing = (value: unknown): RecordTracing | undefined => {
  if (value === undefined) return undefined
  const { process, inject } = (value ?? {}) as Partial<RecordTracing>
  if (typeof process === 'function' && typeof inject === 'function') return value as RecordTracing
  throw invalid(`tracing is ${shown(value)}: pass recordTracing(api) of millrace/opentelemetry`)
}

const applicationServer = (value: unknown): HostInfo | undefined => {
  if (value === undefined) return undefined
  const host = typeof value === 'string' ? parseHostInfo(value) : undefined
  if (host !== undefined) return host
  throw invalid(
    `applicationServer is ${shown(value)}: give the host and port at which other instances reach this one, such as 'orders-0.orders:8080'`,
  )
}

const optionalText = (config: StreamsConfig, key: 'clientId' | 'stateDir' | 'groupInstanceId'): string | undefined => {
  const value: unknown = config[key]
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw invalid(`${key} is ${shown(value)}: give a text that is not empty, or leave it out`)
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

const timestampExtractor = (value: unknown): TimestampExtractor | undefined => {
  if (value === undefined || typeof value === 'function') return value as TimestampExtractor | undefined
  throw invalid(
    `defaultTimestampExtractor is ${shown(value)}: give a function, (record, partitionTime) => milliseconds since 1970`,
  )
}

const textRecord = (config: StreamsConfig, key: 'topicConfig'): Readonly<Record<string, string>> => {
  const value: unknown = config[key] ?? {}
  if (typeof value === 'object' && value !== null && Object.values(value).every((entry) => typeof entry === 'string')) {
    return value as Record<string, string>
  }
  throw invalid(`${key} must map names to texts, for example { 'min.insync.replicas': '2' }`)
}

const offsetReset = (value: OffsetReset = 'earliest'): OffsetReset => {
  if (offsetResetText(value) !== undefined) return value
  throw invalid(`autoOffsetReset is ${JSON.stringify(value)}: it can be ${OFFSET_RESETS}`)
}

const stateEngine = (value: unknown): StateEngine => {
  if (value === undefined) return levelEngine()
  const engine = value as StateEngine | null
  if (typeof engine === 'object' && typeof engine?.open === 'function' && typeof engine.name === 'string') return engine
  throw invalid('stateEngine is no engine: call the function, for example stateEngine: levelEngine()')
}
