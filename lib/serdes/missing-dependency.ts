import { isPromise } from '../record/promise'

/**
 * Thrown by a serde that lacks something which has to be fetched, a schema above all. The record waits while `fetch`
 * runs (again, while it rejects with what passes by itself), and then the serde is called anew. If `fetch` rejects for
 * good, that is the serde's error.
 */
export class MissingDependency extends Error {
  /** The error's name. */
  override readonly name = 'MissingDependency'
  constructor(
    /** Completes "could not …". */
    readonly what: string,
    /** Gets what is missing. */
    readonly fetch: () => Promise<void>,
  ) {
    super(`it has to ${what} first`)
  }
}

/** What a serde says; where it has to fetch something first, a promise of it. */
export const whenPrepared = <T>(act: () => T): T | Promise<T> => {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof MissingDependency)) throw error
    return error.fetch().then(() => whenPrepared(act))
  }
}

/** `whenPrepared` where a wait is no matter. */
export const prepared = async <T>(act: () => T): Promise<T> => {
  const result = whenPrepared(act)
  return isPromise(result) ? ((await result) as T) : result
}
