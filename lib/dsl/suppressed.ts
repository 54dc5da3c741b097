import {
  ENDLESS_DURATION,
  instanceOf,
  type Kind,
  kind,
  LOGGING,
  NAME,
  oneOf,
  optional,
  options as optionsOf,
} from '../arguments'
import { requireArgument } from '../topology-arguments'
import { type Duration, toEndlessMilliseconds } from '../durations'
import type { Windowed } from '../record/windowed'
import type { NamedOptions } from './options/named'

/** How much a suppression may hold back. */
export interface SuppressionBounds extends NamedOptions {
  /** Number of keys. Default: unbounded. */
  maxRecords?: number
  /** Size of the keys, values and record contexts, as serialized. Default: unbounded. */
  maxBytes?: number
  /** Log the held-back updates to a changelog topic; an object adds topic configs. Without it, a restart loses them. Default: true. */
  logging?: boolean | Readonly<Record<string, string>>
}

/** How much a time limit may hold back, and what happens when it is full. */
export interface TimeLimitOptions extends SuppressionBounds {
  /**
   * When a bound is reached: emit the oldest updates early, stop the application with an error, or keep further ones on disk. With `spill`, `maxBytes` is
   * what the updates in memory take, 32 MiB by default, besides up to 1 MiB on its way to disk; the keys and times of all of them stay in memory, and what
   * is held back survives a restart in the state directory. Default: `'emit'`.
   */
  onFull?: 'emit' | 'shutDown' | 'spill'
}

/** How much a suppression of windows may hold back, and what happens when it is full. */
export interface WindowCloseOptions extends SuppressionBounds {
  /**
   * When a bound is reached: stop the application with an error, or keep further updates on disk. With `spill`, `maxBytes` is what the updates in memory
   * take, 32 MiB by default, besides up to 1 MiB on its way to disk; the keys and times of all of them stay in memory, and what is held back survives a
   * restart in the state directory. Default: `'shutDown'`.
   */
  onFull?: 'shutDown' | 'spill'
}

/** What to hold back, and until when: returned by `untilTimeLimit` or `untilWindowCloses`. `K` is the type of keys that it works with. */
export class Suppressed<K> {
  /** Never set: carries the type. */
  readonly keys?: (key: K) => void
  /** Only final results are emitted: those of windows that have closed. */
  readonly finalOnly: boolean

  /** @internal */
  constructor(
    /** @internal `null`: the grace period of the windows. */
    readonly waitMs: number | null,
    /** @internal */
    readonly bounds: Required<Pick<TimeLimitOptions, 'maxRecords' | 'maxBytes' | 'onFull' | 'logging'>>,
    /** @internal */
    readonly name: string | undefined,
  ) {
    this.finalOnly = waitMs === null
  }
}

/** What to hold back until windows close: returned by `untilWindowCloses`. */
export interface SuppressedUntilClose<K> extends Suppressed<K> {
  /** So the table that `suppress` returns never deletes a row. */
  readonly finalOnly: true
}

export const SUPPRESSED = instanceOf(Suppressed, 'what to hold back: untilTimeLimit(…) or untilWindowCloses(…)')

const BOUND = kind('a number of 0 or more', (value) => typeof value === 'number' && value >= 0)

const BOUND_KINDS: Readonly<Record<keyof SuppressionBounds, Kind>> = {
  name: NAME,
  maxRecords: BOUND,
  maxBytes: BOUND,
  logging: LOGGING,
}

const WINDOW_CLOSE = optional(optionsOf<WindowCloseOptions>({ ...BOUND_KINDS, onFull: oneOf('shutDown', 'spill') }))

const TIME_LIMIT = optional(optionsOf<TimeLimitOptions>({ ...BOUND_KINDS, onFull: oneOf('emit', 'shutDown', 'spill') }))

/**
 * Holds the first update of a key back until stream time has advanced by this much, and then emits the last one: a rate
 * limit. Time passes only with records. With `Infinity` only the bounds let updates go.
 *
 * @example
 * counts.suppress(untilTimeLimit('10s', { maxRecords: 10_000 })).toStream().to('counts')
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export const untilTimeLimit = (timeToWait: Duration, options: TimeLimitOptions = {}): Suppressed<unknown> => {
  requireArgument(timeToWait, ENDLESS_DURATION, 'untilTimeLimit', 'timeToWait')
  requireArgument(options, TIME_LIMIT, 'untilTimeLimit', 'options')
  return new Suppressed(toEndlessMilliseconds(timeToWait, 'timeToWait'), boundsOf(options, 'emit'), options.name)
}

/**
 * Emits one result per window, when it has closed: when stream time has passed its end plus the grace period. There are no early results: if a bound
 * is reached first, the application stops, or keeps what follows on disk. A window whose row has been deleted has no result, so the table's stream has
 * no `null`.
 *
 * @example
 * orders
 *   .groupByKey()
 *   .windowedBy(TimeWindows.of({ size: '5m', grace: '30s' }))
 *   .count()
 *   .suppress(untilWindowCloses())
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export const untilWindowCloses = (options: WindowCloseOptions = {}): SuppressedUntilClose<Windowed<unknown>> => {
  requireArgument(options, WINDOW_CLOSE, 'untilWindowCloses', 'options')
  const suppressed = new Suppressed<Windowed<unknown>>(null, boundsOf(options, 'shutDown'), options.name)
  return suppressed as SuppressedUntilClose<Windowed<unknown>>
}

const SPILLED_BEYOND = 32 * 1024 * 1024

const boundsOf = (
  { maxRecords = Infinity, maxBytes, onFull: given, logging = true }: TimeLimitOptions,
  whenFull: 'emit' | 'shutDown',
): Suppressed<unknown>['bounds'] => {
  const onFull = given ?? whenFull
  return { maxRecords, maxBytes: maxBytes ?? (onFull === 'spill' ? SPILLED_BEYOND : Infinity), onFull, logging }
}
