import type { ErrorLocation, StreamsError } from '../../errors'
import type { ErrorHandlerContext, ErrorHandlerResponse, ProductionExceptionHandler } from '../../handlers'
import type { DropReason } from '../../record/drop-reason'
import type { RecordContext } from '../../record/record-context'
import type { StreamRecord } from '../../record/stream-record'
import type { MissingDependency } from '../../serdes/missing-dependency'
import type { Serde } from '../../serdes/serde'
import type { StreamPartitioner } from '../../topology/definition'
import type { PayloadWriter } from './payload-writer'
import type { SourceBytes } from './source-bytes'

/** What the collector needs of the sink that sends. */
export interface SendingSink {
  readonly name: string
  readonly writeKey: PayloadWriter
  readonly writeValue: PayloadWriter
  /** Whether a serde is the configured default rather than one named by the topology. */
  readonly usesDefault: { readonly key: boolean; readonly value: boolean }
  readonly partitioner: StreamPartitioner<unknown, unknown> | undefined
  /** Something was thrown about a record that had to wait. Returns if the handler of the operator before the sink drops the record. */
  failed(thrown: unknown, record: StreamRecord<unknown, unknown>): void
}

/** What the collector needs of the task that sends. */
export interface SendingTask {
  readonly taskId: string
  readonly closed: boolean
  readonly recordContext: RecordContext
  readonly source: SourceBytes
  readonly config: { readonly productionExceptionHandler?: ProductionExceptionHandler | undefined }
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  readonly preparation: { fetch(missing: MissingDependency): Promise<void> }
  errorContext(operator: string, error: StreamsError): ErrorHandlerContext
  resolve(operator: string, error: Error, ask: () => ErrorHandlerResponse): boolean
  dropRecord(operator: string, reason: DropReason, details: string): void
  /** A copy of `source`; null where no handler can ask for it. */
  heldBytes(): SourceBytes | null
  within(context: RecordContext, source: SourceBytes, work: () => void): void
  requestCommit(): void
  readonly wakeUp: () => void
}

/** A sink, and the origin of the current record. */
export const locationOf = (
  operator: string,
  { taskId, recordContext: { topic, partition, offset } }: Pick<SendingTask, 'taskId' | 'recordContext'>,
): ErrorLocation => ({ operator, taskId, ...(topic === null ? {} : { topic, partition, offset }) })
