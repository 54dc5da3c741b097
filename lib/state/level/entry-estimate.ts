const EXACT_BELOW = 1024
const SAMPLE = 64

/**
 * How many entries a store holds, without a read for every write: a write that may add or overwrite is
 * always looked up while there are few entries, then one in 64, which counts for all 64.
 */
export class EntryEstimate {
  #skip = 0
  /** Of the keys of restored records one in so many is looked up; a power of two. */
  #oneIn = 1

  constructor(public entries: number) {}

  /** How much the next unknown write counts if it is looked up; 0: it isn't. */
  sample(): number {
    if (this.entries < EXACT_BELOW) return 1
    if (--this.#skip > 0) return 0
    // at random: keys often come with a period
    this.#skip = Math.floor(Math.random() * (2 * SAMPLE - 1)) + 1
    return SAMPLE
  }

  /**
   * How much a restored record counts if it is looked up, by the hash of its key; 0: it isn't. The more entries, the fewer keys are
   * looked up, and always the same ones: a key may be restored many times, and deleted again, before any of it is on disk.
   */
  weightOfRestored(hash: number): number {
    // not right back: what counts as two when it is added has to count as two when it is removed
    if (this.entries > EXACT_BELOW * this.#oneIn) this.#oneIn *= 2
    else if (4 * this.entries < EXACT_BELOW * this.#oneIn && this.#oneIn > 1) this.#oneIn /= 2
    return (hash & (this.#oneIn - 1)) === 0 ? this.#oneIn : 0
  }

  changed(before: boolean, after: boolean, weight = 1): void {
    if (before !== after) this.entries = Math.max(0, this.entries + (after ? weight : -weight))
  }
}
