import { DURATION, kind, options as optionsOf } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import { type Duration, toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'
import { SIGNED_DURATION, signedMilliseconds } from './window-durations'

/** Describes the window of a join. */
export interface JoinWindowsOptions {
  /** How far apart two records may be, whichever comes first. */
  timeDifference: Duration
  /** How much earlier the other side's record may be; below 0: how much later it has to be. Default: `timeDifference`. */
  before?: Duration | `-${Duration}`
  /** How much later the other side's record may be; below 0: how much earlier it has to be. Default: `timeDifference`. */
  after?: Duration | `-${Duration}`
  /** How long after the end of the window late records are still joined. Default: 0. */
  grace?: Duration
}

const OPTIONS = optionsOf<JoinWindowsOptions>(
  { timeDifference: DURATION, before: SIGNED_DURATION, after: SIGNED_DURATION, grace: DURATION },
  ['timeDifference'],
)

/**
 * Which records of two streams are joined: those of the same key with timestamps close enough. For a record of
 * the left stream at time t, those of the right one from t − before to t + after, both inclusive.
 *
 * @example
 * clicks.join(purchases, (click, purchase) => ({ click, purchase }), JoinWindows.of({ timeDifference: '1h', before: 0 }))
 */
export class JoinWindows {
  private constructor(
    readonly beforeMs: number,
    readonly afterMs: number,
    readonly graceMs: number,
  ) {}

  /**
   * The window of a join of two streams.
   *
   * @example
   * JoinWindows.of({ timeDifference: '10s', grace: '1m' })
   * JoinWindows.of({ timeDifference: '1h', before: 0 }) // only later ones
   *
   * @throws TopologyError INVALID_ARGUMENT: a time difference or grace below 0, a window that ends before it begins
   */
  static of(options: JoinWindowsOptions): JoinWindows {
    requireArgument(options, OPTIONS, 'JoinWindows.of', 'options')
    const { timeDifference, before, after, grace = 0 } = options
    const differenceMs = toMilliseconds(timeDifference, 'timeDifference')
    const beforeMs = before === undefined ? differenceMs : signedMilliseconds(before, 'before')
    const afterMs = after === undefined ? differenceMs : signedMilliseconds(after, 'after')
    if (beforeMs + afterMs < 0) {
      throw new TopologyError(
        'INVALID_ARGUMENT',
        `JoinWindows before is ${beforeMs} ms and after ${afterMs} ms: the window would end before it begins`,
      )
    }
    return new JoinWindows(beforeMs, afterMs, toMilliseconds(grace, 'grace'))
  }
}

export const JOIN_WINDOWS = kind(
  "a window, such as JoinWindows.of({ timeDifference: '1m' })",
  (value) => value instanceof JoinWindows,
)
