import { isError, plainText } from '../../observe/error-text'

/**
 * Carries an error past the operators upstream, which must not handle it again: a handler has said "fail", or it is
 * not about the record at all (delivery, fencing, a local disk). The task unwraps it.
 */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure'
  constructor(readonly error: unknown) {
    super(asError(error).message, { cause: error })
  }
}

export const asError = (thrown: unknown): Error => (isError(thrown) ? thrown : new Error(plainText(thrown)))

export const unwrap = (thrown: unknown): unknown => (thrown instanceof TaskFailure ? thrown.error : thrown)
