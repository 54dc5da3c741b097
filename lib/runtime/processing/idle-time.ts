import type { IdleInputs } from '../../topology/definition'
import type { AwaitedWork } from './awaited-work'
import type { PartitionQueue } from './partition-queue'

/** Brokers are not heard of for so long without being unavailable: an empty fetch takes its time, and so does other work. */
const USUALLY_UNHEARD_MS = 5_000

/**
 * The stream time of a sub-topology whose inputs are idle: from the largest timestamp that they had, it continues as the wall clock
 * does. Looked at often, by a clock that only moves forward.
 */
export class IdleTime {
  /** Without an earlier look there is no telling when the last record came. */
  #quietSince = Infinity
  /** Stream time when they became quiet; undefined while they are not. */
  #base: number | undefined
  #reached = -1
  #nextAt = -Infinity
  /** Of all inputs together, at the last look. */
  #fetched = NaN

  constructor(
    readonly settings: IdleInputs,
    private readonly inputs: () => readonly PartitionQueue[],
    /** Between two advances. */
    private readonly intervalMs: number,
  ) {}

  /** Stream time has been advanced to this without a record. */
  resumeFrom(reached: number): void {
    this.#reached = Math.max(this.#reached, reached)
  }

  /**
   * The stream time to advance to; undefined if it does not advance. `unheardMs`: how long it has not been known whether there are
   * more records; if that is too long, the inputs are not taken for idle.
   */
  look(now: number, awaited: AwaitedWork, unheardMs: number): number | undefined {
    const { afterMs, hops } = this.settings
    const isActive = this.#hasFetched() || awaited === 'records'
    if (isActive || unheardMs >= Math.max(afterMs, USUALLY_UNHEARD_MS) || this.#quietSince > now) {
      this.#quietSince = now
      this.#base = undefined
      return undefined
    }
    this.#base ??= Math.max(this.#reached, this.recordTime)
    if (awaited === 'punctuations') return undefined
    const quietMs = now - unheardMs - this.#quietSince
    if (this.#base < 0 || quietMs < afterMs * (hops + 1) || now < this.#nextAt) return undefined
    const time = Math.floor(this.#base + quietMs - afterMs * hops)
    if (time <= this.#reached) return undefined
    this.#nextAt = now + this.intervalMs
    this.#reached = time
    return time
  }

  /** The largest timestamp of a record; −1 before the first. */
  get recordTime(): number {
    return Math.max(-1, ...this.inputs().map(({ partitionTime }) => partitionTime))
  }

  /** Since the last look, or not all of it is processed. */
  #hasFetched(): boolean {
    let fetched = 0
    let isWaiting = false
    for (const input of this.inputs()) {
      fetched += input.fetchedUpTo
      if (input.size > 0 || input.lags) isWaiting = true
    }
    const isNew = fetched !== this.#fetched
    this.#fetched = fetched
    return isNew || isWaiting
  }
}
