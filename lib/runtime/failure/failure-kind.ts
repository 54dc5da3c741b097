import { type ErrorCode, StreamsError } from '../../errors'
import { ClientError } from '../../kafka/port'
import { MissingDependency } from '../../serdes/missing-dependency'

const CAUSES_TO_FOLLOW = 8

const inCauses = <E extends Error>(error: unknown, kind: abstract new (...args: never[]) => E): E | undefined => {
  let at = error
  for (let i = 0; i < CAUSES_TO_FOLLOW && at instanceof Error; i++) {
    if (at instanceof kind) return at
    at = at.cause
  }
  return undefined
}

/** The client error at the root of a failure. */
export const clientErrorOf = (error: unknown): ClientError | undefined => inCauses(error, ClientError)

/** The dependency that a serde missed while records were processed. */
export const missingDependencyOf = (error: unknown): MissingDependency | undefined => inCauses(error, MissingDependency)

/** State can't be read or written, whichever record asks for it. */
export const isStateFailure = (error: unknown): error is StreamsError =>
  error instanceof StreamsError && STATE_FAILURES.has(error.code)

const STATE_FAILURES: ReadonlySet<ErrorCode> = new Set([
  'STATE_STORE_DAMAGED',
  'STATE_STORE_FAILED',
  'STATE_VERSION_UNKNOWN',
  'STATE_MIGRATION_FAILED',
])
