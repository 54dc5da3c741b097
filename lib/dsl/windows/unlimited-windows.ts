import { TopologyError } from '../../errors'
import type { Window } from '../../record/windowed'

/** Describes an unlimited window. */
export interface UnlimitedWindowsOptions {
  /** Where the window starts; earlier records are dropped. Default: 1970. */
  start?: number | Date
}

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
  static of({ start = 0 }: UnlimitedWindowsOptions = {}): UnlimitedWindows {
    const startMs = Number(start)
    if (Number.isSafeInteger(startMs) && startMs >= 0) return new UnlimitedWindows(startMs)
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `UnlimitedWindows start is ${String(start)}: give a Date or milliseconds, from 1970 on`,
    )
  }

  /**
   * The window, if it contains the timestamp.
   *
   * @example
   * UnlimitedWindows.of({ start: 100 }).windowsFor(150) // [{ start: 100, end: Infinity }]
   */
  windowsFor(timestamp: number): Window[] {
    return timestamp < this.startMs ? [] : [{ start: this.startMs, end: Infinity }]
  }
}
