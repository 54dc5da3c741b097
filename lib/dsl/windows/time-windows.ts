import { DURATION, options as optionsOf, POSITIVE_DURATION } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import { type Duration, toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'
import type { Window } from '../../record/windowed'
import { alignedStarts } from '../../topology/graph/windowing'
import { MILLISECONDS } from './window-durations'

/** Describes tumbling or hopping windows. */
export interface TimeWindowsOptions {
  /** How long a window is. */
  size: Duration
  /** The interval between window starts. A value below `size` makes hopping windows, which overlap. Default: `size`. */
  advance?: Duration
  /** How long after its end a window still accepts late records. Default: 0. */
  grace?: Duration
}

const OPTIONS = optionsOf<TimeWindowsOptions>(
  { size: POSITIVE_DURATION, advance: POSITIVE_DURATION, grace: DURATION },
  ['size'],
)

/**
 * Windows of a fixed size: tumbling ones, or hopping ones that overlap. They are aligned to 1970, their start is
 * inclusive and their end exclusive.
 *
 * @example
 * clicks.groupByKey().windowedBy(TimeWindows.of({ size: '5m', grace: '30s' })).count()
 * clicks.groupByKey().windowedBy(TimeWindows.of({ size: '5m', advance: '1m' })).count()
 */
export class TimeWindows {
  private constructor(
    readonly sizeMs: number,
    readonly advanceMs: number,
    readonly graceMs: number,
  ) {}

  /**
   * Tumbling windows, or with an `advance` hopping ones.
   *
   * @example
   * TimeWindows.of({ size: '5m', grace: '30s' })
   * TimeWindows.of({ size: '5m', advance: '1m' })
   *
   * @throws TopologyError INVALID_ARGUMENT: a size or advance that is not above 0, an advance above the size, a grace below 0
   */
  static of(options: TimeWindowsOptions): TimeWindows {
    requireArgument(options, OPTIONS, 'TimeWindows.of', 'options')
    const { size, advance, grace = 0 } = options
    const sizeMs = toMilliseconds(size, 'size')
    const advanceMs = advance === undefined ? sizeMs : toMilliseconds(advance, 'advance')
    if (advanceMs > sizeMs) {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        `TimeWindows advance is ${advanceMs} ms and size ${sizeMs} ms: records between two windows would be in none, ` +
          'so give an advance of at most the size',
      )
    }
    return new TimeWindows(sizeMs, advanceMs, toMilliseconds(grace, 'grace'))
  }

  /**
   * The windows that contain a timestamp, by start.
   *
   * @example
   * TimeWindows.of({ size: 10, advance: 5 }).windowsFor(12) // [{ start: 5, end: 15 }, { start: 10, end: 20 }]
   */
  windowsFor(timestamp: number): Window[] {
    requireArgument(timestamp, MILLISECONDS, 'windowsFor', 'timestamp')
    return alignedStarts(timestamp, this.sizeMs, this.advanceMs).map((start) => ({ start, end: start + this.sizeMs }))
  }
}
