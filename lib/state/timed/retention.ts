/** The shortest period that Kafka Streams drops from a store on disk at once. */
const SHORTEST_SEGMENT_MS = 60_000

export interface RetentionOptions {
  readonly retentionMs: number
  /** In memory rows go one by one; on disk a whole segment at a time. */
  readonly persistent: boolean
  /** Shows one millisecond more: windows that are just closing are still to be emitted. */
  readonly showsClosing: boolean
}

/**
 * What a window or session store still contains, counted back from the newest time put into it. Reads skip entries
 * older than the retention, even if they still exist; writes are refused only once the entry would be gone. Both are Kafka
 * Streams' rules, and visible in results: a late record does not join a session that has expired.
 */
export class Retention {
  /** The newest time put; −1 before the first. */
  observed = -1
  readonly #ms: number
  readonly #segmentMs: number
  readonly #visibleOffset: number

  constructor({ retentionMs, persistent, showsClosing }: RetentionOptions) {
    this.#ms = retentionMs
    this.#segmentMs = persistent ? segmentMs(retentionMs) : 1
    this.#visibleOffset = persistent && showsClosing ? 0 : 1
  }

  /** Rows before are gone. */
  get liveFrom(): number {
    const oldest = this.observed - this.#ms
    if (oldest < 0) return 0
    return this.#segmentMs === 1 ? oldest + 1 : Math.floor(oldest / this.#segmentMs) * this.#segmentMs
  }

  /** Rows before are not read. */
  get visibleFrom(): number {
    return Math.max(0, this.observed - this.#ms + this.#visibleOffset)
  }
}

/** How much time a segment of a store on disk covers. */
export const segmentMs = (retentionMs: number): number => Math.max(Math.floor(retentionMs / 2), SHORTEST_SEGMENT_MS)
