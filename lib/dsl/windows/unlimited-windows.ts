import { optional, options as optionsOf, RECORD_TIME } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import type { Window } from '../../record/windowed'
import { MILLISECONDS } from './window-durations'

/** Describes an unlimited window. */
export interface UnlimitedWindowsOptions {
  /** Where the window starts; earlier records are dropped. Default: 1970. */
  start?: number | Date
}

const OPTIONS = optional(optionsOf<UnlimitedWindowsOptions>({ start: RECORD_TIME }))

/**
 * One window without an end: everything from its start on.
 *
 * @example
 * sales.groupByKey().windowedBy(UnlimitedWindows.of({ start: new Date('2026-01-01') })).count()
 */
export class UnlimitedWindows {
  private constructor(readonly startMs: number) {}

  /**
   * A window without an end.
   *
   * @example
   * UnlimitedWindows.of({ start: new Date('2026-01-01') })
   *
   * @throws TopologyError INVALID_ARGUMENT: a start before 1970, or none
   */
  static of(options: UnlimitedWindowsOptions = {}): UnlimitedWindows {
    requireArgument(options, OPTIONS, 'UnlimitedWindows.of', 'options')
    return new UnlimitedWindows(Number(options.start ?? 0))
  }

  /**
   * The window, if it contains the timestamp.
   *
   * @example
   * UnlimitedWindows.of({ start: 100 }).windowsFor(150) // [{ start: 100, end: Infinity }]
   */
  windowsFor(timestamp: number): Window[] {
    requireArgument(timestamp, MILLISECONDS, 'windowsFor', 'timestamp')
    return timestamp < this.startMs ? [] : [{ start: this.startMs, end: Infinity }]
  }
}
