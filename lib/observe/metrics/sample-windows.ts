const WINDOW_MS = 30_000

/**
 * The two windows of 30 seconds over which rates, averages and extremes are taken, as with Kafka Streams' defaults
 * (`metrics.num.samples`, `metrics.sample.window.ms`). Shared by all statistics of an instance: each of them notices by the
 * epoch that a window has ended, so that none needs a clock or a timer.
 */
export class SampleWindows {
  /** Counts the windows that have ended. */
  epoch = 0
  #start: number
  #previousStart: number

  /** `now` in milliseconds, never decreasing. */
  constructor(private readonly now: () => number) {
    this.#start = this.#previousStart = now()
  }

  /** Ends the window if its time is over: called in each turn of a loop, and before something is read. */
  tick(now = this.now()): void {
    const elapsed = now - this.#start
    if (elapsed < WINDOW_MS) return
    const isOutdated = elapsed >= 2 * WINDOW_MS
    this.#previousStart = isOutdated ? now : this.#start
    this.#start = now
    this.epoch += isOutdated ? 2 : 1
  }

  /** What the current window and the one before it cover so far, and at least one second: the first record is no rate. */
  get seconds(): number {
    return Math.max(1, (this.now() - this.#previousStart) / 1000)
  }
}
