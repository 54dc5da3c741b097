import { type ErrorCode, type ErrorLocation, StreamsError } from '../../errors'
import type { ClientError } from '../../kafka/port'
import { notAuthorized } from './not-authorized'

/** What was being read. */
export interface FetchErrorSubject {
  /** Completes "can't read …". */
  readonly what: string
  readonly location: ErrorLocation
  /** Of the error for records that can't be read. */
  readonly code: ErrorCode
}

/**
 * The one policy for partitions that can't be fetched. Returns the error to fail with if a retry is pointless; `undefined`
 * means that the fetcher retries by itself. A missing offset is not covered: what to do depends on the reader.
 */
export const fetchFailure = (
  error: ClientError,
  { what, location, code }: FetchErrorSubject,
): StreamsError | undefined => {
  switch (error.kind) {
    case 'authorization':
      return notAuthorized(error, location, { operation: 'Read' })
    case 'invalid':
    case 'fatal':
      return new StreamsError(code, `can't read ${what} at offset ${location.offset}: ${error.message}`, location, {
        cause: error,
      })
    default:
      return undefined
  }
}
