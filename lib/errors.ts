/** Where in a topology, and at which record, something went wrong. */
export interface ErrorLocation {
  /** The operator's name, as in `describe()`. */
  readonly operator?: string
  /** The store's name. */
  readonly store?: string
  /** The task. */
  readonly taskId?: string
  /** Of the record that was being processed or written. */
  readonly topic?: string
  /** Its partition. */
  readonly partition?: number
  /** Its offset. */
  readonly offset?: number
  /** The instance that is concerned, by its `applicationServer`. */
  readonly host?: string
}

/**
 * Every error that millrace throws or reports. `code` is stable and listed in `docs/errors.md`; the message says what
 * was being done, the likely cause and the next step.
 */
export class StreamsError extends Error {
  /** The class's name. */
  override readonly name: string = 'StreamsError'
  constructor(
    /** The kind of error: stable, for programs to act on. */
    readonly code: ErrorCode,
    message: string,
    /** Where in the topology, and at which record, as far as known. */
    readonly location: ErrorLocation = {},
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** The topology can't be built as written: thrown where the DSL or the Processor API is called, or by `build()`. */
export class TopologyError extends StreamsError {
  /** The class's name. */
  override readonly name = 'TopologyError'
}

/** Stable error codes: docs/errors.md has the likely cause and the next step for each. */
export type ErrorCode =
  // building a topology
  | 'INVALID_NAME'
  | 'DUPLICATE_NAME'
  | 'UNNAMED_RESOURCES'
  | 'UNKNOWN_PARENT'
  | 'UNKNOWN_STORE'
  | 'STORE_NOT_CONNECTED'
  | 'TOPIC_ALREADY_REGISTERED'
  | 'INVALID_TOPOLOGY'
  | 'INVALID_ARGUMENT'
  | 'NOT_COPARTITIONED'
  | 'MISSING_SERDE'
  // configuration
  | 'INVALID_CONFIG'
  // starting and running
  | 'MISSING_SOURCE_TOPIC'
  | 'INTERNAL_TOPIC_MISMATCH'
  | 'INCOMPATIBLE_INSTANCES'
  | 'KAFKA_UNAVAILABLE'
  | 'KAFKA_FAILED'
  | 'RECORDS_DAMAGED'
  | 'NOT_AUTHORIZED'
  | 'STATE_DIRECTORY_LOCKED'
  | 'STATE_STORE_FAILED'
  | 'STATE_STORE_DAMAGED'
  | 'STATE_VERSION_UNKNOWN'
  | 'STATE_MIGRATION_FAILED'
  | 'STORE_NOT_AVAILABLE'
  | 'STORE_BEHIND'
  | 'ISOLATION_UNSUPPORTED'
  | 'NOT_LOCAL'
  | 'INSTANCE_UNREACHABLE'
  | 'LISTEN_FAILED'
  | 'DESERIALIZATION_FAILED'
  | 'SERIALIZATION_FAILED'
  | 'PROCESSING_FAILED'
  | 'CALL_FAILED'
  | 'CALL_TIMED_OUT'
  | 'UNEXPECTED_TOMBSTONE'
  | 'BUFFER_FULL'
  | 'PRODUCTION_FAILED'
  | 'INVALID_TIMESTAMP'
  | 'SCHEMA_REGISTRY_UNAVAILABLE'
  | 'SCHEMA_NOT_FOUND'
  | 'SCHEMA_REJECTED'
  | 'OFFSET_OUT_OF_RANGE'
  | 'TRANSACTION_TIMEOUT'
  | 'CHANGELOG_LOST'
  | 'RUN_INCOMPLETE'
  | 'FILE_FAILED'
  | 'MISSING_PACKAGE'
  | 'ILLEGAL_STATE'
  | 'TIMEOUT'
