import { DURATION, options as optionsOf } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import { type Duration, toMilliseconds } from '../../durations'

/** Describes sliding windows. */
export interface SlidingWindowsOptions {
  /** How far apart two records of a window may be. */
  timeDifference: Duration
  /** How long after its end a window still accepts late records. Default: 0. */
  grace?: Duration
}

const OPTIONS = optionsOf<SlidingWindowsOptions>({ timeDifference: DURATION, grace: DURATION }, ['timeDifference'])

/**
 * Windows that slide with the records: one for each distinct set of a key's records within the
 * time difference. Start and end are inclusive.
 *
 * @example
 * readings.groupByKey().windowedBy(SlidingWindows.of({ timeDifference: '10m', grace: '1m' })).reduce((a, b) => (a.value > b.value ? a : b))
 */
export class SlidingWindows {
  private constructor(
    readonly timeDifferenceMs: number,
    readonly graceMs: number,
  ) {}

  /**
   * Windows of records within this time difference.
   *
   * @example
   * SlidingWindows.of({ timeDifference: '10m', grace: '1m' })
   *
   * @throws TopologyError INVALID_ARGUMENT: a time difference or grace below 0
   */
  static of(options: SlidingWindowsOptions): SlidingWindows {
    requireArgument(options, OPTIONS, 'SlidingWindows.of', 'options')
    const { timeDifference, grace = 0 } = options
    return new SlidingWindows(toMilliseconds(timeDifference, 'timeDifference'), toMilliseconds(grace, 'grace'))
  }
}
