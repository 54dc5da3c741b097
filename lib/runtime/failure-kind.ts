import { StreamsError } from '../errors'
import { ClientError } from '../kafka/port'

const CAUSES_TO_FOLLOW = 8

/** The client error that is at the bottom of a failure. */
export const clientErrorOf = (error: unknown): ClientError | undefined => {
  let at = error
  for (let i = 0; i < CAUSES_TO_FOLLOW && at instanceof Error; i++) {
    if (at instanceof ClientError) return at
    at = at.cause
  }
  return undefined
}

/**
 * Whether an instance gets over a failure by dropping what is uncommitted and starting its tasks anew: it was fenced,
 * its transaction was ended, delivery took too long, or local state turned out to be damaged (it is set aside then).
 */
export const isRecoverable = (error: unknown): boolean => {
  if (error instanceof StreamsError && error.code === 'STATE_STORE_DAMAGED') return true
  const kind = clientErrorOf(error)?.kind
  return kind === 'fenced' || kind === 'abortable' || kind === 'retriable' || kind === 'rebalance'
}
