import type { ErrorCode } from '../errors'
import type { RecordHeaders } from '../record/headers'
import type { TaskId } from '../record/task-id'

/** A serialized record for another topic; its key decides the partition. */
export interface DeadLetterRecord {
  /** Must exist. */
  readonly topic: string
  /** As bytes. */
  readonly key: Buffer | null
  /** As bytes. */
  readonly value: Buffer | null
  /** In whole milliseconds since 1970. */
  readonly timestamp: number
  /** In the order in which they are written. */
  readonly headers: RecordHeaders
}

/** `fail` stops the task at this record, `continue` drops it; dead letters are sent in either case. */
export type ErrorHandlerResponse =
  'fail' | 'continue' | { readonly result: 'fail' | 'continue'; readonly deadLetters: readonly DeadLetterRecord[] }

/** Where and at which input record something failed. A punctuation has no topic, partition −1 and offset −1. */
export interface ErrorHandlerContext {
  /** The task that it happened in. */
  readonly taskId: TaskId
  /** The operator that failed: for deserialization the source, for production the sink. */
  readonly operator: string
  /** The code with which the failure would be reported if it were not handled. */
  readonly code: ErrorCode
  /** The message with which it would be reported: with the record, the serde where one failed, and what to do. */
  readonly description: string
  /** The topic that the record was read from. */
  readonly topic: string | null
  /** Its partition there. */
  readonly partition: number
  /** Its offset there. */
  readonly offset: number
  /** Its event time in milliseconds. */
  readonly timestamp: number
  /** Its headers. */
  readonly headers: RecordHeaders
  /**
   * The input record's bytes: views that are valid until the handler returns. `null` in a punctuation, and for a record that was held
   * since it was read by `suppress`, or by a join with grace; behind an async operator those that it held of such a record.
   */
  readonly sourceRawKey: Buffer | null
  /** The input record's value, likewise. */
  readonly sourceRawValue: Buffer | null
}

/** What to do with an input record that can't be deserialized. */
export type DeserializationExceptionHandler = (error: Error, context: ErrorHandlerContext) => ErrorHandlerResponse

/** What to do when a processor or a punctuation throws or rejects. What it had already forwarded is kept. */
export type ProcessingExceptionHandler = (
  error: Error,
  context: ErrorHandlerContext,
  /**
   * What the operator was given; `undefined` in a punctuation. What it forwarded, where that waited for its output topic to appear before a
   * partitioner threw.
   */
  record: { readonly key: unknown; readonly value: unknown; readonly timestamp: number } | undefined,
) => ErrorHandlerResponse

/**
 * What to do with an output that can't be serialized, that is larger than `producer.maxRequestSize`, whose topic still does not exist after ten
 * seconds, or that the broker refuses: larger than the topic's `max.message.bytes`, without a key for a compacted topic, or with a timestamp that the
 * topic does not take. `error` is what the serde has thrown, or why Kafka does not take the record; `context.description` names sink, topic and source
 * record. Under exactly-once, too, the rest of the transaction is committed, with the dead letters. Changelogs are not asked about: what they do not take
 * ends the instance.
 */
export type ProductionExceptionHandler = (
  error: Error,
  context: ErrorHandlerContext,
  record: { readonly topic: string; readonly key: unknown; readonly value: unknown; readonly timestamp: number },
) => ErrorHandlerResponse
