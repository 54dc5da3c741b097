import { type ErrorLocation, StreamsError } from '../../errors'
import { asError } from './task-failure'

/** What a sink's partitioner or topic name extractor has thrown, with its place; an error of ours says that itself. */
export const sinkFunctionFailed = (
  thrown: unknown,
  what: string,
  nextStep: string,
  location: ErrorLocation,
): StreamsError =>
  thrown instanceof StreamsError
    ? thrown
    : new StreamsError('PROCESSING_FAILED', `${what}: ${asError(thrown).message}: ${nextStep}`, location, {
        cause: thrown,
      })
