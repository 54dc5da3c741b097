import { type ErrorLocation, StreamsError } from '../../errors'
import { asError } from './task-failure'

/** A sink's partitioner or topic name extractor has thrown. Handlers get what it has thrown, as they do of other callbacks. */
export class SinkFunctionFailed extends StreamsError {
  constructor(
    readonly thrown: Error,
    what: string,
    nextStep: string,
    location: ErrorLocation,
  ) {
    super('PROCESSING_FAILED', `${what}: ${thrown.message}: ${nextStep}`, location, { cause: thrown })
  }
}

/** With its place; an error of ours says that itself. */
export const sinkFunctionFailed = (
  thrown: unknown,
  what: string,
  nextStep: string,
  location: ErrorLocation,
): StreamsError =>
  thrown instanceof StreamsError ? thrown : new SinkFunctionFailed(asError(thrown), what, nextStep, location)
