import type { Stat } from './stat'

/**
 * How old records are when they arrive at an operator. A few additions for each record; the clock is read once for all
 * the records of a slice, which takes a few milliseconds.
 */
export class RecordTally {
  #count = 0
  #sum = 0
  #min = Infinity
  #max = -Infinity

  add(timestamp: number): void {
    this.#count++
    this.#sum += timestamp
    if (timestamp < this.#min) this.#min = timestamp
    if (timestamp > this.#max) this.#max = timestamp
  }

  /** The records since the last call have arrived by `now`. */
  settle(now: number, latency: Stat): void {
    const count = this.#count
    if (count === 0) return
    latency.addAll(count, count * now - this.#sum, now - this.#max, now - this.#min)
    this.#count = this.#sum = 0
    this.#min = Infinity
    this.#max = -Infinity
  }
}
