const EXACT_BELOW = 1024
const SAMPLE = 64

/**
 * How many entries a store holds, without a read for every write: a write that is not known to add or overwrite is
 * looked up always while there are few entries, then one in 64, and counts for as many.
 */
export class EntryEstimate {
  #skipped = 0

  constructor(public entries: number) {}

  /** How much the next unknown write counts if it is looked up; 0: it isn't. */
  sample(): number {
    if (this.entries < EXACT_BELOW) return 1
    if (++this.#skipped < SAMPLE) return 0
    this.#skipped = 0
    return SAMPLE
  }

  changed(before: boolean, after: boolean, weight = 1): void {
    if (before !== after) this.entries = Math.max(0, this.entries + (after ? weight : -weight))
  }
}
