import { argumentError } from '../../topology-arguments'
import type { FixedWindowing, SessionWindowing } from '../../topology/graph/windowing'
import type { SessionWindows } from './session-windows'
import { SlidingWindows } from './sliding-windows'
import { TimeWindows } from './time-windows'
import { UnlimitedWindows } from './unlimited-windows'

/** What an aggregation needs to know about windows of one size. */
export interface WindowShape {
  readonly windowing: FixedWindowing
  readonly sizeMs: number
  readonly graceMs: number
  /** How long the store must keep windows, and why, for messages. */
  readonly neededRetentionMs: number
  readonly needs: string
  /** Windows of a key that start within this interval are often used together. */
  readonly bucketMs: number
}

/** Windows of a key that are stored together: a record changes all that overlap, but not too many are to be written again. */
const MOST_WINDOWS = 16

/** Windows for `windowedBy`, except sessions. */
export type WindowsOfSize = TimeWindows | SlidingWindows | UnlimitedWindows

export function windowShape(windows: WindowsOfSize): WindowShape {
  if (windows instanceof TimeWindows) {
    const { sizeMs, advanceMs, graceMs } = windows
    return {
      windowing: { kind: 'time', sizeMs, advanceMs, graceMs },
      sizeMs,
      graceMs,
      neededRetentionMs: sizeMs + graceMs,
      needs: 'the window size plus the grace period',
      bucketMs: Math.min(sizeMs, MOST_WINDOWS * advanceMs),
    }
  }
  if (windows instanceof SlidingWindows) {
    const { timeDifferenceMs, graceMs } = windows
    return {
      windowing: { kind: 'sliding', timeDifferenceMs, graceMs },
      sizeMs: timeDifferenceMs,
      graceMs,
      neededRetentionMs: 2 * timeDifferenceMs + graceMs,
      needs: 'twice the time difference plus the grace period',
      bucketMs: timeDifferenceMs,
    }
  }
  if (windows instanceof UnlimitedWindows) {
    return {
      windowing: { kind: 'unlimited', startMs: windows.startMs },
      sizeMs: Infinity,
      graceMs: 0,
      neededRetentionMs: Infinity,
      needs: 'what unlimited windows need',
      bucketMs: Infinity,
    }
  }
  throw argumentError(
    windows,
    "TimeWindows, SlidingWindows, SessionWindows or UnlimitedWindows, such as TimeWindows.of({ size: '5m' })",
    'windowedBy',
    'windows',
  )
}

export function sessionWindowing({ inactivityGapMs, graceMs }: SessionWindows): SessionWindowing {
  return { kind: 'session', inactivityGapMs, graceMs }
}
