import { type ErrorCode, type ErrorLocation, StreamsError } from '../../errors'
import type { ClientError } from '../../kafka/port'

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
      return new StreamsError(
        'NOT_AUTHORIZED',
        `not authorized to read ${what}: ${error.message}. Give the user of this application READ and DESCRIBE on the topic`,
        location,
        { cause: error },
      )
    case 'invalid':
    case 'fatal':
      return new StreamsError(code, `can't read ${what} at offset ${location.offset}: ${error.message}`, location, {
        cause: error,
      })
    default:
      return undefined
  }
}
