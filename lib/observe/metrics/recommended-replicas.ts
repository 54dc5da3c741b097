/** How much of its time an instance should spend on records: the rest is for catching up and for peaks. */
const TARGET_UTILIZATION = 0.75
/** How long it may take to catch up with the lag. */
const CATCH_UP_SECONDS = 60

/** How an instance does. */
export interface Workload {
  /** Tasks that it has: it can be replaced by this many instances at most. */
  readonly tasks: number
  /** Records that it has still to process. */
  readonly lag: number
  /** Records that it processes in a second. */
  readonly rate: number
  /** The fraction of its time in which it does. */
  readonly utilization: number
}

/**
 * How many replicas the work of an instance is worth; the sum over all instances, rounded up, is how many the application
 * should have. At its capacity it processes `rate / utilization` records a second. It needs `utilization` of an instance
 * to keep up, and `lag / 60 s / capacity` to have caught up in a minute, and a third more than both to be in no hurry.
 */
export const recommendedReplicas = ({ tasks, lag, rate, utilization }: Workload): number => {
  // nothing is known of an instance that has processed nothing yet, but that it is there
  if (rate <= 0 || utilization <= 0) return Math.min(tasks, lag > 0 ? 1 : 0)
  const capacity = rate / utilization
  return Math.min(tasks, (utilization + lag / CATCH_UP_SECONDS / capacity) / TARGET_UTILIZATION)
}
