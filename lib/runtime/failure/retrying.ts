import { durationText } from '../../durations'
import { StreamsError } from '../../errors'
import { ClientError } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { pause } from '../pause'

export interface RetryOptions {
  /** Give up after this long; `Infinity` for never. */
  timeoutMs: number
  signal: AbortSignal
  logger: Logger
}

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2000
const QUIET_MS = 5000

/**
 * Retries while the failure is transient (the broker or the schema registry is unavailable, a leader moves,
 * an offset is withheld until a transaction ends), and logs it every few seconds. `what` completes "could not …".
 */
export const retrying = async <T>(what: string, call: () => Promise<T>, options: RetryOptions): Promise<T> => {
  const start = performance.now()
  let lastWarning = start
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
    options.signal.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      if (!passes(error)) throw error
      const elapsed = Math.round(performance.now() - start)
      if (elapsed > options.timeoutMs) {
        throw new StreamsError(
          'KAFKA_UNAVAILABLE',
          `could not ${what} for ${durationText(elapsed)}: ${advised(error)}`,
          {},
          { cause: error },
        )
      }
      if (performance.now() - lastWarning > QUIET_MS) {
        lastWarning = performance.now()
        options.logger.warn({ err: error, forMs: elapsed }, `could not ${what} yet, trying again`)
      }
      await pause(wait, options.signal)
    }
  }
}

/** An error that says itself what to check needs no other advice. */
const advised = (error: Retriable): string =>
  isAdvised(error) ? error.message : `${error.message}; check that ${serverOf(error)} up and reachable`

/** Also where an error of another kind, or of a partition, was made of it. */
const isAdvised = (error: unknown): boolean =>
  error instanceof ClientError && (error.nextStep !== undefined || isAdvised(error.cause))

const serverOf = (error: Retriable): string =>
  error instanceof ClientError ? 'the brokers are' : 'the schema registry is'

type Retriable = ClientError | StreamsError

const passes = (error: unknown): error is Retriable =>
  (error instanceof ClientError &&
    (error.kind === 'retriable' || error.kind === 'unstableOffset' || error.kind === 'rebalance')) ||
  (error instanceof StreamsError && error.code === 'SCHEMA_REGISTRY_UNAVAILABLE')
