/** Windows of one size, in milliseconds. */
export type FixedWindowing = TimeWindowing | SlidingWindowing | UnlimitedWindowing

/** Tumbling windows, or hopping ones, which advance by less than their size. */
export interface TimeWindowing {
  readonly kind: 'time'
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number
}

export interface SlidingWindowing {
  readonly kind: 'sliding'
  readonly timeDifferenceMs: number
  readonly graceMs: number
}

export interface UnlimitedWindowing {
  readonly kind: 'unlimited'
  readonly startMs: number
}

export interface SessionWindowing {
  readonly kind: 'session'
  readonly inactivityGapMs: number
  readonly graceMs: number
}

/** How long after its end a window still takes records, or may still be joined to another. */
export function closesAfterMs(windowing: FixedWindowing | SessionWindowing): number {
  switch (windowing.kind) {
    case 'time':
    case 'sliding':
      return windowing.graceMs
    case 'unlimited':
      return 0
    case 'session':
      return windowing.graceMs + windowing.inactivityGapMs
  }
}

/** The starts of the windows that hold a time, ascending. Windows are aligned to 1970, where the first ones start. */
export function alignedStarts(timestamp: number, sizeMs: number, advanceMs: number): number[] {
  const starts: number[] = []
  const first = Math.floor(Math.max(0, timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs
  for (let start = first; start <= timestamp; start += advanceMs) starts.push(start)
  return starts
}
