/**
 * The wall clock's time, made steady: where the wall clock is set back, steady time continues from where it was. Where it is
 * set forward, or the machine was asleep, steady time jumps with it. Due times are kept in steady time, so that none moves
 * out of reach.
 */
export class SteadyClock {
  #lead = 0
  #last = -Infinity

  /** Steady time at this reading of the wall clock. To be called at every look at it: each call notices a step back. */
  at(wallClockTime: number): number {
    if (wallClockTime < this.#last) this.#lead += this.#last - wallClockTime
    this.#last = wallClockTime
    return wallClockTime + this.#lead
  }

  /** How far steady time is ahead of the wall clock: by how much that was set back so far. */
  get lead(): number {
    return this.#lead
  }
}
