import type { SampleWindows } from './sample-windows'

/** Numbers as they were measured: in total, and in the last one or two sample windows. */
export class Stat {
  #epoch: number
  #pastCount = 0
  #previousCount = 0
  #previousSum = 0
  #previousMin = Infinity
  #previousMax = -Infinity
  #count = 0
  #sum = 0
  #min = Infinity
  #max = -Infinity

  constructor(private readonly windows: SampleWindows) {
    this.#epoch = windows.epoch
  }

  add(value: number): void {
    this.addAll(1, value, value, value)
  }

  /** Several at once. */
  addAll(count: number, sum: number, min: number, max: number): void {
    if (this.#epoch !== this.windows.epoch) this.#roll()
    this.#count += count
    this.#sum += sum
    if (min < this.#min) this.#min = min
    if (max > this.#max) this.#max = max
  }

  /** How many there have been since the beginning. */
  get total(): number {
    return this.#pastCount + this.#previousCount + this.#count
  }

  /** How many there are in a second. */
  get rate(): number {
    return this.#current().count / this.windows.seconds
  }

  /** The sum of those in the windows. */
  get sum(): number {
    return this.#current().sum
  }

  get avg(): number {
    const { count, sum } = this.#current()
    return count === 0 ? NaN : sum / count
  }

  get min(): number {
    this.#current()
    const min = Math.min(this.#previousMin, this.#min)
    return min === Infinity ? NaN : min
  }

  get max(): number {
    this.#current()
    const max = Math.max(this.#previousMax, this.#max)
    return max === -Infinity ? NaN : max
  }

  #current(): { readonly count: number; readonly sum: number } {
    if (this.#epoch !== this.windows.epoch) this.#roll()
    return { count: this.#previousCount + this.#count, sum: this.#previousSum + this.#sum }
  }

  #roll(): void {
    const ended = this.windows.epoch - this.#epoch
    this.#epoch = this.windows.epoch
    this.#pastCount += this.#previousCount
    this.#previousCount = this.#count
    this.#previousSum = this.#sum
    this.#previousMin = this.#min
    this.#previousMax = this.#max
    this.#count = this.#sum = 0
    this.#min = Infinity
    this.#max = -Infinity
    if (ended > 1) this.#forgetPrevious()
  }

  #forgetPrevious(): void {
    this.#pastCount += this.#previousCount
    this.#previousCount = this.#previousSum = 0
    this.#previousMin = Infinity
    this.#previousMax = -Infinity
  }
}
