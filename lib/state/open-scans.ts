/** A scan whose first entry has been asked for. */
export interface OpenScan {
  /** Kafka Streams' name of the call. */
  readonly operation: string
  /** By the wall clock, in milliseconds. */
  readonly since: number
  readonly started: number
}

/** The scans of a store that are under way. One that is given up without being ended stays among them. */
export class OpenScans {
  readonly #open = new Set<OpenScan>()

  /** Told of each scan that has ended. Default: nobody is. */
  ended: ((operation: string, nanoseconds: number) => void) | undefined

  get count(): number {
    return this.#open.size
  }

  /** Of the oldest; 0 if there is none. */
  get oldestSince(): number {
    for (const { since } of this.#open) return since
    return 0
  }

  begin(operation: string): OpenScan {
    const scan = { operation, since: Date.now(), started: performance.now() }
    this.#open.add(scan)
    return scan
  }

  end(scan: OpenScan): void {
    this.#open.delete(scan)
    this.ended?.(scan.operation, (performance.now() - scan.started) * 1e6)
  }
}
