import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 20
const NANOSECONDS = 1e6

/** How much later than asked for timers run: what is beyond the resolution of the measurement is waiting for the event loop. */
export class EventLoopDelay {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #epoch: number

  constructor(private readonly windows: { readonly epoch: number }) {
    this.#epoch = windows.epoch
    this.#histogram.enable()
  }

  /** In milliseconds, of the current sample window. */
  read(): { readonly avg: number; readonly max: number; readonly p99: number } {
    const { mean, max } = this.#histogram
    const p99 = this.#histogram.percentile(99)
    if (this.#epoch !== this.windows.epoch) {
      this.#epoch = this.windows.epoch
      this.#histogram.reset()
    }
    return { avg: beyond(mean), max: beyond(max), p99: beyond(p99) }
  }

  stop(): void {
    this.#histogram.disable()
  }
}

/** Nothing was measured: the mean is NaN, and the extremes are 0. */
const beyond = (nanoseconds: number): number =>
  nanoseconds > 0 ? Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS) : NaN
