import { StreamsError } from './errors'

/** Milliseconds, seconds, minutes, hours, days. */
export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd'

/** A length of time: milliseconds as a number, or text such as `'250ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. */
export type Duration = number | `${number}${DurationUnit}`

const MILLISECONDS: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

const LONGEST_TIMER_MS = 2 ** 31 - 1

/** For Node's timers, of which a longer one, of 25 days or more, would fire at once. */
export const timerMs = (ms: number): number => Math.min(ms, LONGEST_TIMER_MS)

/** Whole milliseconds, 0 or more. `name` is what the error calls the value. */
export const toMilliseconds = (duration: Duration, name: string): number => {
  const match = typeof duration === 'string' ? TEXT.exec(duration) : null
  const value = match ? Number(match[1]) * MILLISECONDS[match[2] as DurationUnit] : duration
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${name} is ${JSON.stringify(duration)}: give milliseconds as a number of 0 or more, or text such as '250ms', '30s', '5m', '1h' or '1d'`,
    )
  }
  return Math.round(value)
}

/** As `toMilliseconds`, and `Infinity` as it is. */
export const toEndlessMilliseconds = (duration: Duration, name: string): number =>
  duration === Infinity ? Infinity : toMilliseconds(duration, name)

/** For people, in the largest unit of which there is at least one, such as `40 s`, `12 min` or `3.5 h`. */
export const durationText = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.round(seconds / 360) / 10} h`
}
