import type { RecordHeaders } from '../kafka/port'
import type { TaskId } from '../operators/processor'

/** A record for another topic, as bytes: its partition follows from its key. */
export interface DeadLetterRecord {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: RecordHeaders
}

/** `fail` stops the task at this record, `continue` drops it; dead letters are sent in either case. */
export type ErrorHandlerResponse =
  'fail' | 'continue' | { readonly result: 'fail' | 'continue'; readonly deadLetters: readonly DeadLetterRecord[] }

/** Where and at which input record something failed. A punctuation has no topic, partition −1 and offset −1. */
export interface ErrorHandlerContext {
  readonly taskId: TaskId
  /** The operator that failed: for deserialization the source, for production the sink. */
  readonly operator: string
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: RecordHeaders
  /** The input record's bytes: views that hold until the handler returns. `null` in a punctuation. */
  readonly sourceRawKey: Buffer | null
  readonly sourceRawValue: Buffer | null
}

/** What to do with an input record that can't be deserialized. */
export type DeserializationExceptionHandler = (error: Error, context: ErrorHandlerContext) => ErrorHandlerResponse

/** What to do when a processor or a punctuation throws or rejects. What it had forwarded until then stays. */
export type ProcessingExceptionHandler = (
  error: Error,
  context: ErrorHandlerContext,
  /** What the operator was given; `undefined` in a punctuation. */
  record: { readonly key: unknown; readonly value: unknown; readonly timestamp: number } | undefined,
) => ErrorHandlerResponse

/** What to do with an output that can't be serialized, or that is too large for the broker. */
export type ProductionExceptionHandler = (
  error: Error,
  context: ErrorHandlerContext,
  record: { readonly topic: string; readonly key: unknown; readonly value: unknown; readonly timestamp: number },
) => ErrorHandlerResponse
