import type { ErrorHandlerResponse } from './error-handler'
import { writingTo } from './handler-topics'

/**
 * The default of every handler: the task stops at the record, and the error says where.
 *
 * @example
 * new KafkaStreams(topology, { ...config, deserializationExceptionHandler: logAndFail() })
 */
export const logAndFail = (): (() => ErrorHandlerResponse) => writingTo([], () => 'fail')

/**
 * Drops the record and continues with the next. Each is logged at `warn` with its error (at most ten per operator in
 * 30 s, then the number of further ones) and counted: see `KafkaStreams.recordCounts()`.
 *
 * @example
 * new KafkaStreams(topology, { ...config, deserializationExceptionHandler: logAndContinue() })
 */
export const logAndContinue = (): (() => ErrorHandlerResponse) => writingTo([], () => 'continue')
