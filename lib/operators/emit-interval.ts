/** Lets something happen at most once per interval of wall-clock time. Where the wall clock is set back, the interval starts again. */
export class EmitInterval {
  #last = -Infinity

  /** True at most once per interval; `atOnce`: whatever the interval, and another one begins. */
  due(now: number, intervalMs: number, atOnce = false): boolean {
    if (!atOnce && now >= this.#last && now < this.#last + intervalMs) return false
    this.#last = now
    return true
  }
}
