import { DURATION, options as optionsOf } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import { type Duration, toMilliseconds } from '../../durations'

/** Describes sessions. */
export interface SessionWindowsOptions {
  /** How long a key must be inactive for its session to end. At 0, a session contains the records of one millisecond. */
  inactivityGap: Duration
  /** How long after that a session still accepts late records. Default: 0. */
  grace?: Duration
}

const OPTIONS = optionsOf<SessionWindowsOptions>({ inactivityGap: DURATION, grace: DURATION }, ['inactivityGap'])

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
  static of(options: SessionWindowsOptions): SessionWindows {
    requireArgument(options, OPTIONS, 'SessionWindows.of', 'options')
    const { inactivityGap, grace = 0 } = options
    return new SessionWindows(toMilliseconds(inactivityGap, 'inactivityGap'), toMilliseconds(grace, 'grace'))
  }
}
