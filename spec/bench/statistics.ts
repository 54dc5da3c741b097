export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * Where the median of all that could have been measured is, with 95 % confidence, whatever their distribution: each value is above it as often as a coin
 * falls on one side. Undefined for fewer than 6 values: all of them are on the same side too often.
 */
export const medianInterval = (values: readonly number[]): readonly [number, number] | undefined => {
  const sorted = [...values].sort((a, b) => a - b)
  // of a normal distribution with the deviation of tosses, √n / 2
  const rank = Math.floor((sorted.length + 1) / 2 - 1.96 * (Math.sqrt(sorted.length) / 2))
  return rank < 1 ? undefined : [sorted[rank - 1]!, sorted.at(-rank)!]
}

/** The smallest value that at least this share of all does not exceed. */
export const percentile = (values: Float64Array, share: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

/** How much was done at a time, in milliseconds. */
export interface Sample {
  readonly at: number
  readonly done: number
}

/** When half of what was done at the end was done, between two samples as if at an even pace. */
export const halfwayAt = (samples: readonly Sample[]): number => {
  const half = samples.at(-1)!.done / 2
  const next = samples.findIndex(({ done }) => done >= half)
  const after = samples[next]!
  const before = samples[next - 1]
  if (before === undefined || after.done === before.done) return after.at
  return before.at + ((after.at - before.at) * (half - before.done)) / (after.done - before.done)
}

/** Of a machine: above it, what others do is no longer noise. */
export const DISTURBED_SHARE = 0.05

export const isDisturbed = (runs: Iterable<{ readonly othersShare: number }>): boolean =>
  [...runs].some(({ othersShare }) => othersShare > DISTURBED_SHARE)

/**
 * Of rounds, those that count: the undisturbed ones, if there are as many as were asked for. Otherwise all count, and the
 * result is a disturbed one.
 */
export const countingRounds = <R extends { readonly disturbed: boolean }>(
  rounds: readonly R[],
  wanted: number,
): { readonly rounds: readonly R[]; readonly disturbed: boolean } => {
  const quiet = rounds.filter(({ disturbed }) => !disturbed)
  return quiet.length >= wanted ? { rounds: quiet, disturbed: false } : { rounds, disturbed: true }
}

/** Whether to run another round: until enough were undisturbed, but not for longer than it was allowed. */
export const anotherRound = (
  rounds: readonly { readonly disturbed: boolean }[],
  wanted: number,
  extra: number,
): boolean => rounds.length < wanted + extra && rounds.filter(({ disturbed }) => !disturbed).length < wanted
