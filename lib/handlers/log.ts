import type { ErrorHandlerResponse } from './error-handler'

/**
 * The default of every handler: the task stops at the record, and the error says where.
 *
 * @example
 * new KafkaStreams(topology, { ...config, deserializationExceptionHandler: logAndFail() })
 */
export const logAndFail = (): (() => ErrorHandlerResponse) => () => 'fail'

/**
 * Logs the error, drops the record, counts it in `dropped-records` and goes on.
 *
 * @example
 * new KafkaStreams(topology, { ...config, deserializationExceptionHandler: logAndContinue() })
 */
export const logAndContinue = (): (() => ErrorHandlerResponse) => () => 'continue'
