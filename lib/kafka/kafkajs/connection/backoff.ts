import type { RetryOptions } from 'kafkajs'

export interface Backoff {
  /** Milliseconds to wait before retry number `attempt` (from 0): exponential, with jitter. */
  delay(attempt: number): number
}

/** From the user's `retry`; defaults: 100 ms, doubling, up to 1 s, ± 20 %. */
export const createBackoff = ({
  initialRetryTime = 100,
  maxRetryTime = 1000,
  multiplier = 2,
  factor = 0.2,
}: RetryOptions = {}): Backoff => ({
  delay: (attempt) => {
    const base = Math.min(initialRetryTime * multiplier ** Math.min(attempt, 30), maxRetryTime)
    return Math.round(base * (1 + factor * (2 * Math.random() - 1)))
  },
})

/** Resolves after `ms`, or at once when `signal` aborts. */
export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
