/** millrace: Kafka Streams for TypeScript. */

// Running a topology.
export { KafkaStreams } from './runtime/kafka-streams'
export type { CloseOptions, StartOptions } from './runtime/life-cycle-options'
export type { StreamsEvents, TaskMetadata } from './runtime/streams-types'
export type { TaskState } from './runtime/tasks/task-state'
export type { Health, HealthCheck, HealthOptions } from './runtime/health'
export type { DiagnosticsMessages } from './runtime/diagnostics'
export type {
  BoundedRunOptions,
  RunProgress,
  RunSummary,
  RunTopicCounts,
  RunUntil,
  RunUntilOffsets,
  RunUntilTimestamp,
} from './runtime/bounded/run-options'
export type { StreamsState } from './runtime/state-machine'
export { KafkaProducer, type KafkaProducerConfig, type ProducerOptions } from './runtime/producer/kafka-producer'
export type {
  ProducerKey,
  ProducerTopic,
  ProducerTopics,
  ProducerValue,
  RecordProducer,
  RecordSender,
  SendOptions,
  SentRecord,
} from './runtime/producer/record-producer'
export type { RebalanceEvent } from './runtime/executor/rebalance-listener'
export type { RestoreEvent, RestoreProgressEvent } from './runtime/changelog/restore-progress'
export type { ReadOnlyStore, StoreHandle } from './runtime/stores/store-view'
export type {
  ChangeGap,
  StoreChange,
  StoreEvent,
  StoreSubscription,
  StoreValue,
  SubscriptionOptions,
} from './query/change-types'
export type {
  KeyMetadataOptions,
  KeyQueryMetadata,
  PeerOptions,
  Position,
  QueryIsolation,
  QueryOptions,
  QueryResult,
  QueryScan,
  StreamsMetadata,
} from './query/query-types'
export type {
  KeyValueQueries,
  ScanOrder,
  SessionQueries,
  StoreKey,
  StoreQueries,
  VersionedQueries,
  WindowQueries,
} from './query/store-queries'
export type { ClientSettings, ConsumerSettings, ProducerSettings } from './config/client-config'
export type { ProcessingGuarantee, StreamsConfig } from './config/config'
export type { Duration, DurationUnit } from './durations'

// Building one: the DSL.
export { StreamsBuilder, type BuildOptions, type StreamsBuilderOptions } from './dsl/streams-builder'
export type { Optimization } from './topology/optimize/optimize'
export { KStream, type StreamStreamJoined } from './dsl/kstream'
export { KTable } from './dsl/ktable'
export type { FinalKTable } from './dsl/final-ktable'
export { GlobalKTable } from './dsl/global-ktable'
export { KGroupedStream } from './dsl/kgrouped-stream'
export { TimeWindowedKStream } from './dsl/time-windowed-kstream'
export { SessionWindowedKStream } from './dsl/session-windowed-kstream'
export { CogroupedKStream } from './dsl/cogroup/cogrouped-kstream'
export { TimeWindowedCogroupedKStream } from './dsl/cogroup/time-windowed-cogrouped-kstream'
export { SessionWindowedCogroupedKStream } from './dsl/cogroup/session-windowed-cogrouped-kstream'
export { KGroupedTable } from './dsl/kgrouped-table'
export { TimeWindows, type TimeWindowsOptions } from './dsl/windows/time-windows'
export { SlidingWindows, type SlidingWindowsOptions } from './dsl/windows/sliding-windows'
export { SessionWindows, type SessionWindowsOptions } from './dsl/windows/session-windows'
export { UnlimitedWindows, type UnlimitedWindowsOptions } from './dsl/windows/unlimited-windows'
export { JoinWindows, type JoinWindowsOptions } from './dsl/windows/join-windows'
export { BranchedKStream, type Branched, type Branches, type BranchNumber } from './dsl/branched-kstream'
export type {
  AsyncBatching,
  AsyncMapped,
  AsyncMappedValue,
  AsyncOptions,
  CallBatch,
  OneByOne,
  PendingSerdes,
  Retry,
} from './dsl/options/async-options'
export type { Batched } from './dsl/options/batched'
export type { Consumed, GlobalConsumed, NullableWhereTyped, StreamConsumed } from './dsl/options/consumed'
export type { Deduplicated } from './dsl/options/deduplicated'
export type { Grouped } from './dsl/options/grouped'
export type { Joined } from './dsl/options/joined'
export type { KeptByKey } from './dsl/options/kept-by-key'
export type { LateCogrouped, LateCogroupedRecords, LateJoinedRecords, LateRecords } from './dsl/options/late-records'
export type { Mapped, MappedKey, MappedValue } from './dsl/options/mapped'
export type {
  ExpiringMaterialized,
  ExpiringMaterializedAs,
  Materialized,
  MaterializedAs,
  RowExpiry,
  TableStoreHandle,
} from './dsl/options/materialized'
export type { Named, NamedOptions } from './dsl/options/named'
export type { SessionMaterializedAs, WindowMaterialized, WindowMaterializedAs } from './dsl/options/window-materialized'
export type { WindowsOfSize } from './dsl/windows/window-shape'
export type { EmitStrategy } from './operators/close-emission'
export type { Processed, ProcessOptions } from './dsl/options/processed'
export type { Produced } from './dsl/options/produced'
export type { RankedBy } from './dsl/options/ranked'
export type { Repartitioned } from './dsl/options/repartitioned'
export type { Sampled, SampledEvery, SampledFraction } from './dsl/options/sampled'
export type { StreamJoined } from './dsl/options/stream-joined'
export type { TableJoined, TableJoinedAs } from './dsl/options/table-joined'
export type { Throttled } from './dsl/options/throttled'
export type { TransformedValues, TransformedValuesOptions } from './dsl/options/transformed-values'
export {
  Suppressed,
  untilTimeLimit,
  untilWindowCloses,
  type SuppressedUntilClose,
  type SuppressionBounds,
  type TimeLimitOptions,
  type WindowCloseOptions,
} from './dsl/suppressed'
export type { BatchAction, BatchMeta, BatchOffsets } from './operators/batch/batch'
export type {
  Aggregator,
  AsyncBatchAction,
  AsyncBatchMapper,
  AsyncBatchMeta,
  AsyncMeta,
  AsyncValueMapper,
  BatchRecord,
  ForeachAction,
  ForeignKeyExtractor,
  GroupSelector,
  Initializer,
  KeyValueMapper,
  Merger,
  Predicate,
  Reducer,
  TypeGuard,
  ValueJoiner,
  ValueMapper,
  Without,
} from './operators/callbacks'

// Building one: the Processor API.
export type { Rank, RankSelector } from './state/ranking/ranking'
export type { RecordIdSelector } from './operators/record-ids'
export type { RecordId } from './record/record-id'
export { Topology, type SinkOptions, type SourceOptions, type TopicSelector } from './topology/topology'
export type { StreamPartitioner, TimestampExtractor } from './topology/definition'
export type {
  GlobalStoreDescription,
  NodeDescription,
  ProcessorDescription,
  SinkDescription,
  SourceDescription,
  SubtopologyDescription,
  TopologyDescription,
} from './topology/description'
export type { OffsetReset, OffsetResetByDuration } from './topology/offset-reset'
export type { StoreReference, StoreReferences } from './topology/store-reference'
export {
  failOnInvalidTimestamp,
  logAndSkipOnInvalidTimestamp,
  usePartitionTimeOnInvalidTimestamp,
  wallclockTimestampExtractor,
} from './topology/timestamp-extractors'
export type {
  Cancellable,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  PunctuationType,
  RecordMetadata,
} from './operators/processor'
export type { ValueTransformer, ValueTransformerContext, ValueTransformerSupplier } from './operators/value-transformer'
// State.
export {
  keyValueStore,
  timestampedKeyValueStore,
  type KeyValueStoreHandle,
  type KeyValueStoreOptions,
} from './state/stores'
export type { StoreExpiry } from './state/expiry/store-expiry'
export type {
  KeyValueStore,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
  ScanOptions,
  SessionStore,
  StateStore,
  StoreBuilder,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  VersionedRecord,
  VersionsOptions,
  WindowStore,
} from './state/store'
export {
  timestampedWindowStore,
  windowStore,
  type WindowStoreHandle,
  type WindowStoreOptions,
} from './state/window/window-stores'
export { levelEngine, type LevelEngineOptions } from './state/level/level-engine'
export { memoryEngine } from './state/memory/memory-engine'
export type { ByteSpan } from './bytes/byte-span'
export type {
  ByteScan,
  ByteStore,
  CommittedBytes,
  DatabaseStore,
  OpenDatabaseOptions,
  StateCacheBudget,
  StateEngine,
  TaskDatabase,
} from './state/state-engine'
export { sessionStore, type SessionStoreHandle, type SessionStoreOptions } from './state/session/session-stores'
export {
  versionedKeyValueStore,
  type VersionedKeyValueStoreHandle,
  type VersionedKeyValueStoreOptions,
} from './state/versioned/versioned-key-value-store'
export { Windowed, type Window } from './record/windowed'

// Formats.
export * as serdes from './serdes'
export type { Serde, SerdeFor, SerdeThatWrites, SerdeType, SerdeUse } from './serdes/serde'
export { MissingDependency } from './serdes/missing-dependency'
export type { JsonOptions } from './serdes/json'
export type { VersionedOptions } from './serdes/versioned'
export type { StandardSchema, ValidatedBy, ValidationIssue, ValidationResult } from './serdes/standard-schema'
export { SchemaViolation } from './serdes/schema-violation'
export type { ProtobufOptions } from './serdes/protobuf/protobuf'
export type { ProtobufLong } from './serdes/protobuf/protobuf-long'
export type { JsonSchemaOptions } from './serdes/json-schema/json-schema'
export type { JsonSchemaCompiler, JsonSchemaError, JsonSchemaValidator } from './serdes/json-schema/validators'
export type { RegistryOptions } from './serdes/registry/registry-options'
export type { AvroOptions, AvroSerdeValue, AvroValueOptions } from './serdes/avro/avro'
export type { AvroLogicalType, AvroLogicalTypes, NoLogicalTypes } from './serdes/avro/logical-types'
export type { AvroComplexSchema, AvroField, AvroLong, AvroPrimitive, AvroSchema } from './serdes/avro/schema'
export type { AvroValue } from './serdes/avro/avro-value'
export type { SubjectStrategy } from './serdes/registry/subjects'
export { SchemaRegistry, type SchemaRegistryOptions } from './serdes/registry/schema-registry'
export type { RegistryAuth } from './serdes/registry/http-client'

// What goes wrong, and what then.
export { StreamsError, TopologyError, type ErrorCode, type ErrorLocation } from './errors'
export {
  deadLetterTopic,
  logAndContinue,
  logAndFail,
  type DeadLetterRecord,
  type DeserializationExceptionHandler,
  type ErrorHandlerContext,
  type ErrorHandlerResponse,
  type ProcessingExceptionHandler,
  type ProductionExceptionHandler,
} from './handlers'

// The world around.
export type { KafkaConnection } from './kafka/client'
export type { Compression } from './kafka/port'
export type { Logger } from './observe/logger'
export type { OperatorRecordCounts, RecordCounts } from './observe/record-counts'
export type { DropReason } from './record/drop-reason'
export type { Metric, MetricGroup, MetricsRecordingLevel } from './observe/metrics/metric'
export type { RecordTracing, TracedRecord } from './observe/tracing'
export type { LogFormat, LogLevel } from './observe/log-level'
export type { TopicPartition } from './record/topic-partition'
export type { HostInfo } from './host-info'
export type { TaskId } from './record/task-id'
export { StreamRecord } from './record/stream-record'
export type { RecordContext } from './record/record-context'
export type { RecordHeaders } from './record/headers'
export { readCloudEvent, writeCloudEvent, type CloudEvent } from './record/cloud-events'
