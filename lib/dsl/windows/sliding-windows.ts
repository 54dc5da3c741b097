import type { Duration } from '../../durations'
import { windowMilliseconds } from './window-durations'

/** Describes sliding windows. */
export interface SlidingWindowsOptions {
  /** How far apart two records of a window may be. */
  timeDifference: Duration
  /** How long after its end a window still accepts late records. Default: 0. */
  grace?: Duration
}

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
  static of({ timeDifference, grace = 0 }: SlidingWindowsOptions): SlidingWindows {
    return new SlidingWindows(
      windowMilliseconds(timeDifference, 'SlidingWindows timeDifference'),
      windowMilliseconds(grace, 'SlidingWindows grace'),
    )
  }
}
