/** Timers that fire when the driver's mock clock has reached their time. */
export class ClockTimers {
  readonly #timers = new Set<{ readonly due: number; readonly callback: () => void }>()

  constructor(private readonly now: () => number) {}

  readonly after = (ms: number, callback: () => void): (() => void) => {
    const timer = { due: this.now() + ms, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** When the next one fires; infinite if none is set. */
  get next(): number {
    let next = Infinity
    for (const { due } of this.#timers) next = Math.min(next, due)
    return next
  }

  fire(): void {
    const now = this.now()
    for (const timer of [...this.#timers]) {
      if (timer.due <= now && this.#timers.delete(timer)) timer.callback()
    }
  }
}
