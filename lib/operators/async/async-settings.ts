/** In which order the calls of an operator are made and their results forwarded. */
export type CallOrderKind = 'key' | 'input' | 'none'

/** What becomes of a record whose call has failed for good. */
export type OnCallError = 'fail' | 'skip' | { readonly deadLetter: string }

export interface RetrySettings {
  /** Calls in all. */
  readonly attempts: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
  readonly on: (error: unknown, attempt: number) => boolean
}

export interface AsyncSettings {
  readonly concurrency: number
  readonly order: CallOrderKind
  readonly timeoutMs: number
  readonly retry: RetrySettings
  readonly onError: OnCallError
  readonly maxRecords: number
  readonly maxBytes: number
}
