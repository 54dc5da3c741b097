import type { Duration } from '../../durations'
import { windowMilliseconds } from './window-durations'

/** Describes sessions. */
export interface SessionWindowsOptions {
  /** How long a key must be inactive for its session to end. At 0, a session contains the records of one millisecond. */
  inactivityGap: Duration
  /** How long after that a session still accepts late records. Default: 0. */
  grace?: Duration
}

/**
 * Sessions: records of a key that follow each other within the inactivity gap. A record may merge two sessions.
 * Start and end are the timestamps of the first and the last record, both inclusive.
 *
 * @example
 * clicks.groupByKey().windowedBy(SessionWindows.of({ inactivityGap: '30m', grace: '5m' })).count()
 */
export class SessionWindows {
  private constructor(
    readonly inactivityGapMs: number,
    readonly graceMs: number,
  ) {}

  /**
   * Sessions that end when a key is inactive for this long.
   *
   * @example
   * SessionWindows.of({ inactivityGap: '30m', grace: '5m' })
   *
   * @throws TopologyError INVALID_ARGUMENT: a gap or grace below 0
   */
  static of({ inactivityGap, grace = 0 }: SessionWindowsOptions): SessionWindows {
    return new SessionWindows(
      windowMilliseconds(inactivityGap, 'SessionWindows inactivityGap'),
      windowMilliseconds(grace, 'SessionWindows grace'),
    )
  }
}
