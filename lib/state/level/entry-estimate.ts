const EXACT_BELOW = 1024
const SAMPLE = 64

/**
 * How many entries a store holds, without a read for every write: a write that may add or overwrite is
 * always looked up while there are few entries, then one in 64, which counts for all 64.
 */
export class EntryEstimate {
  #skip = 0

  constructor(public entries: number) {}

  /** How much the next unknown write counts if it is looked up; 0: it isn't. */
  sample(oneIn = SAMPLE): number {
    if (this.entries < EXACT_BELOW) return 1
    if (--this.#skip > 0) return 0
    // at random: keys often come with a period
    this.#skip = Math.floor(Math.random() * (2 * oneIn - 1)) + 1
    return oneIn
  }

  /** The same for restored records, which are many at once: the more entries, the fewer are looked up. */
  sampleRestored(): number {
    return this.sample(Math.ceil(this.entries / EXACT_BELOW))
  }

  changed(before: boolean, after: boolean, weight = 1): void {
    if (before !== after) this.entries = Math.max(0, this.entries + (after ? weight : -weight))
  }
}
