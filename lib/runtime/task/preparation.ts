import type { MissingDependency } from '../../serdes/missing-dependency'
import type { Serde, SerdeUse } from '../../serdes/serde'

/** Runs `fetch` until it succeeds, or fails for good. `what` completes "could not …". */
export type Fetching = (what: string, fetch: () => Promise<void>, signal: AbortSignal) => Promise<void>

interface Use {
  readonly serde: Serde<unknown>
  readonly topic: string
  readonly use: SerdeUse
}

/** Has the serdes of a task fetch what they need: for sinks and stores before the first record, for others as it turns up. */
export class Preparation {
  private readonly uses: Use[] = []
  private readonly abort = new AbortController()

  constructor(private readonly fetching: Fetching) {}

  /** To be prepared before the first record. */
  add(serde: Serde<unknown>, topic: string, use: SerdeUse): void {
    if (serde.prepare) this.uses.push({ serde, topic, use })
  }

  async all(): Promise<void> {
    await Promise.all(
      this.uses.map(({ serde, topic, use }) =>
        this.fetching(`prepare the serde of ${topic}`, () => serde.prepare!(topic, use), this.abort.signal),
      ),
    )
  }

  fetch({ what, fetch }: MissingDependency): Promise<void> {
    return this.fetching(what, fetch, this.abort.signal)
  }

  /** Nobody waits any more. */
  close(): void {
    this.abort.abort()
  }
}
