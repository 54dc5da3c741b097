import {
  callback,
  DURATION,
  either,
  kind,
  type Kind,
  NAME,
  oneOf,
  optional,
  options as optionsOf,
  SERDE,
} from '../../arguments'
import { type Duration, toMilliseconds } from '../../durations'
import type { GatherSettings } from '../../operators/async/async-callback'
import type { AsyncSettings } from '../../operators/async/async-settings'
import type { Serde, SerdeFor } from '../../serdes/serde'
import { TOPIC } from '../../topology/topology'
import type { NamedOptions } from './named'

/** Whether, and when, a failed call is repeated. */
export interface Retry {
  /** Calls in all, the first one included. Default: 3. */
  attempts?: number
  /** The wait before the second attempt, which doubles for each further one; half of it is random. Default: 100 ms. */
  backoff?: Duration
  /** The longest wait. Default: 10 s. */
  maxBackoff?: Duration
  /** Whether to repeat the call after this error of the given attempt. Default: after every error. */
  on?: (error: unknown, attempt: number) => boolean
}

/** Serdes of the records that an async operator holds: of what comes into it. */
export interface PendingSerdes<K, V> {
  /** Default: the stream's own serde, where it is known; else the app's `defaultKeySerde`. */
  key?: Serde<K>
  /** Default: the stream's own serde, where it is known; else the app's `defaultValueSerde`. */
  value?: Serde<V>
}

/** How an async operator makes its calls. The name also names the changelog: `<application id>-<name>-pending-changelog`. */
export interface AsyncOptions<K, V> extends NamedOptions {
  /**
   * The most calls at a time, in each task. Raise it until the service that is called is busy: calls per second are at most
   * `concurrency` divided by the duration of a call. Default: 16.
   */
  concurrency?: number
  /**
   * - `key`: the calls of a key one after another, those of different keys, and of records without a key, side by side
   * - `input`: all side by side, and results in the order of the inputs
   * - `none`: all side by side, and results as they come
   *
   * Default: `key`.
   */
  order?: 'key' | 'input' | 'none'
  /** The longest time that one attempt may take; then its signal fires, and it has failed. Default: 1 minute. */
  timeout?: Duration
  /** Default: a failed call is not repeated. */
  retry?: Retry
  /**
   * When a call has failed for good: `fail` does what any failing callback does, so that `processingExceptionHandler` decides and the
   * application stops by default; `skip` drops the record and counts it; `{ deadLetter: topic }` also sends the source record to
   * that topic, which must exist, as `deadLetterTopic` does; where there is none, as in a punctuation, the record itself, as `pending` writes it. Default: `fail`.
   */
  onError?: 'fail' | 'skip' | { deadLetter: string }
  /** A task holds at most about this many records here; then its inputs pause. Default: 8 × `concurrency`, or, with `batch`, 2 × `concurrency` × its size. */
  maxRecords?: number
  /** A task holds at most about this many bytes here; then its inputs pause. Default: 8 MiB. */
  maxBytes?: number
  /** How the records that are held are written to the operator's changelog. */
  pending?: PendingSerdes<K, V>
}

/** How many records one call gets. */
export interface CallBatch {
  /** The most records of a call. */
  size: number
  /**
   * A call with fewer records waits no longer than this for more, by the wall clock; not at all while the task takes no more input, and
   * at the end of a bounded run. Default: 10 ms.
   */
  linger?: Duration
}

/** Options of an async operator whose callback gets several records at once. */
export interface AsyncBatching {
  /**
   * The callback gets up to so many records, and returns as many results. `concurrency`, `timeout` and `retry` are those of the calls. With `order: 'key'`
   * a call has one record of a key at most.
   */
  batch: CallBatch
}

/** The options of a callback that gets one record. */
export type OneByOne<Options> = Options & {
  /** Not given: what the callback gets depends on it. */
  batch?: undefined
}

/** Options of an async operator that has new values. */
export interface AsyncMappedValue<K, V, VR> extends AsyncOptions<K, V> {
  /** How the new values are written downstream. Default: the serde of a sink, table or grouping, else `defaultValueSerde`. */
  value?: SerdeFor<VR>
}

/** Options of an async operator that has new keys and values. */
export interface AsyncMapped<K, V, KR, VR> extends AsyncMappedValue<K, V, VR> {
  /** How the new keys are written downstream. Default: the app's `defaultKeySerde`. */
  key?: SerdeFor<KR>
}

const POSITIVE = kind('a whole number above 0', (value) => Number.isSafeInteger(value) && (value as number) > 0)

export const ASYNC_KINDS: Readonly<Record<keyof (AsyncOptions<unknown, unknown> & AsyncBatching), Kind>> = {
  name: NAME,
  concurrency: POSITIVE,
  order: oneOf('key', 'input', 'none'),
  timeout: DURATION,
  retry: optionsOf<Retry>({
    attempts: POSITIVE,
    backoff: DURATION,
    maxBackoff: DURATION,
    on: callback('a function that decides about an error'),
  }),
  onError: either(oneOf('fail', 'skip'), optionsOf<{ deadLetter: string }>({ deadLetter: TOPIC }, ['deadLetter'])),
  maxRecords: POSITIVE,
  maxBytes: POSITIVE,
  pending: optionsOf<PendingSerdes<unknown, unknown>>({ key: SERDE, value: SERDE }),
  batch: optionsOf<CallBatch>({ size: POSITIVE, linger: DURATION }, ['size']),
}

export const ASYNC = optional(either(NAME, optionsOf<AsyncOptions<unknown, unknown> & AsyncBatching>(ASYNC_KINDS)))

export const ASYNC_MAPPED_VALUE = optional(
  either(
    NAME,
    optionsOf<AsyncMappedValue<unknown, unknown, unknown> & AsyncBatching>({ ...ASYNC_KINDS, value: SERDE }),
  ),
)

export const ASYNC_MAPPED = optional(
  either(
    NAME,
    optionsOf<AsyncMapped<unknown, unknown, unknown, unknown> & AsyncBatching>({
      ...ASYNC_KINDS,
      key: SERDE,
      value: SERDE,
    }),
  ),
)

const DEFAULT_CONCURRENCY = 16
const HELD_PER_CALL = 8
const HELD_BATCHES_PER_CALL = 2
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024

export function asyncSettings(given: AsyncOptions<never, never> & Partial<AsyncBatching>): AsyncSettings {
  const { concurrency = DEFAULT_CONCURRENCY, order = 'key', retry, onError = 'fail', batch } = given
  const heldPerCall = batch === undefined ? HELD_PER_CALL : HELD_BATCHES_PER_CALL * batch.size
  return {
    concurrency,
    order,
    timeoutMs: toMilliseconds(given.timeout ?? '1m', 'timeout'),
    retry: {
      attempts: retry === undefined ? 1 : (retry.attempts ?? 3),
      backoffMs: toMilliseconds(retry?.backoff ?? '100ms', 'retry.backoff'),
      maxBackoffMs: toMilliseconds(retry?.maxBackoff ?? '10s', 'retry.maxBackoff'),
      on: retry?.on ?? (() => true),
    },
    onError,
    maxRecords: given.maxRecords ?? heldPerCall * concurrency,
    maxBytes: given.maxBytes ?? DEFAULT_MAX_BYTES,
  }
}

export const gatherSettings = ({ size, linger = '10ms' }: CallBatch): GatherSettings => ({
  size,
  lingerMs: toMilliseconds(linger, 'batch.linger'),
})
