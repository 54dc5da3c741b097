import { argumentError, BOOLEAN, DURATION, options, requireArgument, SIGNAL } from '../arguments'
import type { Duration } from '../durations'

/** How an instance starts. */
export interface StartOptions {
  /**
   * Gives up starting, closes what was opened, and rejects with the signal's reason as it is, like `fetch`: a `TimeoutError` of
   * `AbortSignal.timeout(…)`, what `abort(reason)` was given, or an `AbortError`. What the start was waiting for is in the log.
   */
  signal?: AbortSignal
}

/** How an instance closes. */
export interface CloseOptions {
  /** When to give up on a clean commit and leave. Default: `closeTimeout` of the configuration, 30 s. */
  timeout?: Duration
  /**
   * Static members (`groupInstanceId`) stay in the group by default, so that a restart within `sessionTimeout` moves no
   * task; true makes them leave. Other members always leave.
   */
  leaveGroup?: boolean
}

const START_OPTIONS = options<StartOptions>({ signal: SIGNAL })
const CLOSE_OPTIONS = options<CloseOptions>({ timeout: DURATION, leaveGroup: BOOLEAN })

/** @throws StreamsError INVALID_ARGUMENT */
export const requireStartOptions = (given: unknown): void => requireArgument(given, START_OPTIONS, 'start()', 'options')

/** @throws StreamsError INVALID_ARGUMENT */
export const requireCloseOptions = (given: unknown): void => {
  if (typeof given === 'string')
    throw argumentError(given, `${CLOSE_OPTIONS.is}: as a listener, pass () => streams.close()`, 'close()', 'options')
  requireArgument(given, CLOSE_OPTIONS, 'close()', 'options')
}
