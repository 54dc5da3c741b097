import { isPromise } from '../promise'

/**
 * Thrown by a serde that lacks something it has to fetch, usually a schema. The record waits while `fetch` runs
 * (repeatedly, as long as its failure is transient), and then the serde is called again. If `fetch` fails for
 * good, that is the serde's error.
 */
export class MissingDependency extends Error {
  /** The error's name. */
  override readonly name = 'MissingDependency'
  constructor(
    /** Completes "could not …". */
    readonly what: string,
    /** Fetches what is missing. */
    readonly fetch: () => Promise<void>,
  ) {
    super(`it has to ${what} first`)
  }
}

/** A serde's result; a promise of it if the serde has to fetch something first. */
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
