import { type Duration, toMilliseconds } from '../durations'
import { TopologyError } from '../errors'
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
  /** When a bound is reached: emit the oldest updates early, or stop the application with an error. Default: `'emit'`. */
  onFull?: 'emit' | 'shutDown'
}

/** What to hold back, and until when: returned by `untilTimeLimit` or `untilWindowCloses`. `K` is the type of keys that it works with. */
export class Suppressed<K> {
  /** Never set: carries the type. */
  readonly keys?: (key: K) => void

  /** @internal */
  constructor(
    /** @internal `null`: the grace period of the windows. */
    readonly waitMs: number | null,
    /** @internal */
    readonly bounds: Required<Pick<TimeLimitOptions, 'maxRecords' | 'maxBytes' | 'onFull' | 'logging'>>,
    /** @internal */
    readonly name: string | undefined,
  ) {}
}

/**
 * Holds the first update of a key back until stream time has advanced by this much, and then emits the last one: a rate
 * limit. Time passes only with records.
 *
 * @example
 * counts.suppress(untilTimeLimit('10s', { maxRecords: 10_000 })).toStream().to('counts')
 *
 * @throws TopologyError INVALID_ARGUMENT
 */
export const untilTimeLimit = (timeToWait: Duration, options: TimeLimitOptions = {}): Suppressed<unknown> =>
  new Suppressed(toMilliseconds(timeToWait, 'the time of untilTimeLimit'), boundsOf(options, 'emit'), options.name)

/**
 * Emits one result per window, when it has closed: when stream time has passed its end plus the grace period. If a bound is
 * reached first, the application stops: there are no early results.
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
export const untilWindowCloses = (options: SuppressionBounds = {}): Suppressed<Windowed<unknown>> =>
  new Suppressed<Windowed<unknown>>(null, boundsOf(options, 'shutDown'), options.name)

const boundsOf = (
  { maxRecords = Infinity, maxBytes = Infinity, onFull, logging = true }: TimeLimitOptions,
  whenFull: 'emit' | 'shutDown',
): Suppressed<unknown>['bounds'] => {
  for (const [name, bound] of Object.entries({ maxRecords, maxBytes })) {
    if (bound >= 0) continue
    throw new TopologyError('INVALID_ARGUMENT', `${name} of a suppression is ${bound}, and must be 0 or more`)
  }
  return { maxRecords, maxBytes, onFull: onFull ?? whenFull, logging }
}
