import type { MissingDependency } from '../../serdes/missing-dependency'
import type { Serde, SerdeUse } from '../../serdes/serde'

/** Runs `fetch` until it succeeds, or fails for good. `what` completes "could not …". */
export type Fetching = (what: string, fetch: () => Promise<void>, signal: AbortSignal) => Promise<void>

interface Use {
  readonly serde: Serde<unknown>
  readonly topic: string
  readonly use: SerdeUse
}

/** Fetches what the serdes of a task depend on: for sinks and stores before the first record, for others on demand. */
export class Preparation {
  readonly #uses: Use[] = []

  /** `closed` aborts when nobody waits any longer. */
  constructor(
    private readonly fetching: Fetching,
    private readonly closed: AbortSignal,
  ) {}

  /** To be prepared before the first record. */
  add(serde: Serde<unknown>, topic: string, use: SerdeUse): void {
    if (serde.prepare) this.#uses.push({ serde, topic, use })
  }

  async all(): Promise<void> {
    await Promise.all(
      this.#uses.map(({ serde, topic, use }) =>
        this.fetching(`prepare the serde of ${topic}`, () => serde.prepare!(topic, use), this.closed),
      ),
    )
  }

  fetch({ what, fetch }: MissingDependency): Promise<void> {
    return this.fetching(what, fetch, this.closed)
  }
}
