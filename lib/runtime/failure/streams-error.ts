import { StreamsError } from '../../errors'
import { clientErrorOf } from './failure-kind'
import { notAuthorized } from './not-authorized'

/** What is no `StreamsError` yet came up without one of our own parts having said what it was about. */
export const toStreamsError = (error: unknown): StreamsError => {
  if (error instanceof StreamsError) return error
  const client = clientErrorOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (client?.kind === 'authorization') return notAuthorized(client)
  if (client)
    return new StreamsError('KAFKA_FAILED', `Kafka refused a request: ${message}`, client.partition ?? {}, {
      cause: error,
    })
  return new StreamsError('PROCESSING_FAILED', `processing failed: ${message}`, {}, { cause: error })
}
