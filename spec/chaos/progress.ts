/** A workload as the watch sees it. */
export interface Watched {
  readonly name: string
  /** Committed records of its output so far. */
  outputs(): number
  /** Acknowledged records of its input so far. */
  inputs(): number
  /** Nothing can be expected now: brokers, instances or topics are away. */
  excused(): boolean
}

/** "No minute without progress". */
const LIMIT_MS = 60_000
/** More than a rebalance takes that waits for a session to time out. */
const LONG_MS = 10_000

interface Standing {
  outputs: number
  inputs: number
  silentMs: number
  longestMs: number
}

/**
 * Notices applications that are alive but stuck: input is waiting, brokers and at least one instance run, and for a minute
 * nothing is committed. Time in which nothing can be expected does not count.
 */
export class ProgressWatch {
  private readonly standings: Map<string, Standing>
  private last: number | undefined

  constructor(
    private readonly watched: readonly Watched[],
    private readonly stuck: (workload: string, silentMs: number) => void,
    /** after a long silence */
    private readonly resumed: (workload: string, silentMs: number) => void,
  ) {
    const standing = (): Standing => ({ outputs: 0, inputs: 0, silentMs: 0, longestMs: 0 })
    this.standings = new Map(watched.map(({ name }) => [name, standing()]))
  }

  /** To be called about once a second. */
  tick(now = performance.now()): void {
    // a machine that slept, or a harness that got no time, says nothing about the applications
    const elapsed = Math.min(now - (this.last ?? now), 5000)
    this.last = now
    for (const { name, outputs, inputs, excused } of this.watched) {
      const standing = this.standings.get(name)!
      if (outputs() > standing.outputs) {
        if (standing.silentMs > LONG_MS) this.resumed(name, standing.silentMs)
        standing.outputs = outputs()
        standing.inputs = inputs()
        standing.silentMs = 0
      } else if (inputs() > standing.inputs && !excused()) {
        standing.silentMs += elapsed
        standing.longestMs = Math.max(standing.longestMs, standing.silentMs)
        if (standing.silentMs < LIMIT_MS) continue
        this.stuck(name, standing.silentMs)
        standing.silentMs = 0
      }
    }
  }

  /** The longest silence of a workload. */
  longestMs(name: string): number {
    return this.standings.get(name)!.longestMs
  }
}
