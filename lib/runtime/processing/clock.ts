/** Wall-clock time in milliseconds; the test driver has one that stands still. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
