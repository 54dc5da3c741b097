import type { ProcessingGuarantee } from '../../config/config'
import type {
  DeserializationExceptionHandler,
  ProcessingExceptionHandler,
  ProductionExceptionHandler,
} from '../../handlers'
import type { RecordTracing } from '../../observe/tracing'
import type { Serde } from '../../serdes/serde'
import type { TimestampExtractor } from '../../topology/definition'

/** The part of the configuration that a task uses; a `ResolvedConfig` fits. */
export interface TaskConfig {
  readonly applicationId: string
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  /** −1 never waits for empty partitions. */
  readonly maxTaskIdleMs: number
  readonly bufferedRecordsPerPartition: number
  readonly slowCallbackWarningMs: number
  readonly emitIntervalMs: number
  /** Default: at-least-once. */
  readonly processingGuarantee?: ProcessingGuarantee
  readonly defaultTimestampExtractor?: TimestampExtractor | undefined
  readonly deserializationExceptionHandler?: DeserializationExceptionHandler | undefined
  readonly processingExceptionHandler?: ProcessingExceptionHandler | undefined
  readonly productionExceptionHandler?: ProductionExceptionHandler | undefined
  /** Default: nothing is traced. */
  readonly tracing?: RecordTracing | undefined
}
