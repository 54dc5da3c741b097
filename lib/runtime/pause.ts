import { timerMs } from '../durations'

/** Waits `ms` milliseconds; rejects with the signal's reason if it is aborted first. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal!.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, timerMs(ms))
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })

/** Settles with `promise`, or resolves to `'timeout'` after `ms` milliseconds; `Infinity` waits indefinitely. */
export const withDeadline = async <T>(promise: Promise<T>, ms: number): Promise<T | 'timeout'> => {
  if (ms === Infinity) return promise
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), timerMs(Math.max(0, ms)))
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** Settles with `promise`, or rejects with the signal's reason as soon as it is aborted. */
export const abortable = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  let abort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
