import { DURATION, kind } from '../../arguments'
import { type Duration, toMilliseconds } from '../../durations'

/** Of a record. */
export const MILLISECONDS = kind('milliseconds since 1970', Number.isFinite)

/** Of the bounds of a join window. */
export const SIGNED_DURATION = kind(
  "milliseconds as a number, or text such as '30s' or '-30s'",
  (value) =>
    (typeof value === 'number' && Number.isFinite(value)) ||
    DURATION.problem(typeof value === 'string' ? value.replace(/^-/, '') : value, '') === undefined,
)

/** Milliseconds that may be negative. */
export function signedMilliseconds(duration: Duration | `-${Duration}`, option: string): number {
  if (typeof duration === 'number') return Math.round(duration)
  if (duration.startsWith('-')) return -toMilliseconds(duration.slice(1) as Duration, option)
  return toMilliseconds(duration as Duration, option)
}
