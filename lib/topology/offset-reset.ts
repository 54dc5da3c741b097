import { type Duration, toMilliseconds } from '../durations'

/** Where reading starts when a partition has no committed offset, or one that is out of range. */
export type OffsetReset = 'earliest' | 'latest' | 'none' | OffsetResetByDuration

/** From the first record that is not older than this, by the wall clock; from the end if there is none (KIP-1106). */
export interface OffsetResetByDuration {
  /** How far back. */
  readonly byDuration: Duration
}

/** Undefined if it is invalid; otherwise its text for messages. */
export function offsetResetText(reset: unknown): string | undefined {
  if (reset === 'earliest' || reset === 'latest' || reset === 'none') return reset
  if (typeof reset !== 'object' || reset === null || !('byDuration' in reset)) return undefined
  try {
    return `byDuration ${toMilliseconds(reset.byDuration as Duration, 'byDuration')} ms`
  } catch {
    return undefined
  }
}

/** For errors about others. */
export const OFFSET_RESETS = "'earliest', 'latest', 'none' or { byDuration: '1h' }"

/** What the broker is asked for. */
export function resetTarget(reset: Exclude<OffsetReset, 'none'>, now: number): 'earliest' | 'latest' | number {
  return typeof reset === 'string' ? reset : Math.max(0, now - toMilliseconds(reset.byDuration, 'byDuration'))
}
