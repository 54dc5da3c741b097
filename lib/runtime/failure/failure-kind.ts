import { StreamsError } from '../../errors'
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

/** The client error that is at the bottom of a failure. */
export const clientErrorOf = (error: unknown): ClientError | undefined => inCauses(error, ClientError)

/** What a serde lacked in the midst of processing. */
export const lackingOf = (error: unknown): MissingDependency | undefined => inCauses(error, MissingDependency)

/** Local state can't be read or written. */
export const isStateFailure = (error: unknown): error is StreamsError =>
  error instanceof StreamsError && (error.code === 'STATE_STORE_DAMAGED' || error.code === 'STATE_STORE_FAILED')

/**
 * Whether an instance gets over a failure by dropping what is uncommitted and starting its tasks anew: it was fenced,
 * its transaction was ended, delivery took too long, local state turned out to be damaged (it is set aside then), or a
 * store holds a value whose schema is not known yet.
 */
export const isRecoverable = (error: unknown): boolean => {
  if (error instanceof StreamsError && error.code === 'STATE_STORE_DAMAGED') return true
  if (lackingOf(error) !== undefined) return true
  const kind = clientErrorOf(error)?.kind
  return kind === 'fenced' || kind === 'abortable' || kind === 'retriable' || kind === 'rebalance'
}
