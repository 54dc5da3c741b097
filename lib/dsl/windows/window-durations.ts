import { type Duration, toMilliseconds } from '../../durations'
import { TopologyError } from '../../errors'

/** Milliseconds of a window option; anything but a duration of 0 or more is an error. */
export function windowMilliseconds(duration: Duration, option: string): number {
  try {
    return toMilliseconds(duration, option)
  } catch (error) {
    throw new TopologyError('INVALID_ARGUMENT', (error as Error).message)
  }
}

/** As `windowMilliseconds`, and above 0. */
export function positiveMilliseconds(duration: Duration, option: string): number {
  const ms = windowMilliseconds(duration, option)
  if (ms > 0) return ms
  throw new TopologyError('INVALID_ARGUMENT', `${option} is ${JSON.stringify(duration)}: it has to be above 0`)
}

/** Milliseconds that may be negative: the bounds of a join window. */
export function signedMilliseconds(duration: Duration | `-${Duration}`, option: string): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration)) return Math.round(duration)
  } else if (typeof duration === 'string' && duration.startsWith('-')) {
    return -windowMilliseconds(duration.slice(1) as Duration, option)
  }
  return windowMilliseconds(duration as Duration, option)
}
