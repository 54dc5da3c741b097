import type { Logger } from '../../../observe/logger'
import type { CoordinatorKind } from './metadata'

/** A cluster that has just started makes the topics of its coordinators at the first request, which takes a few seconds. */
const QUIET_MS = 5_000

/** Says that the brokers have no coordinator: most often they can't make its topic, which is written nowhere but in their own logs. */
export class MissingCoordinator {
  #since: number | undefined
  #sayAfterMs = QUIET_MS

  constructor(
    private readonly kind: CoordinatorKind,
    private readonly key: string,
    private readonly logger: Logger,
  ) {}

  /** Says so after a while, at growing intervals. */
  missing(): void {
    const now = performance.now()
    this.#since ??= now
    const waitedMs = Math.round(now - this.#since)
    if (waitedMs < this.#sayAfterMs) return
    this.#sayAfterMs = waitedMs * 2
    this.logger.warn(
      { code: 'COORDINATOR_NOT_AVAILABLE', waitedMs },
      `the brokers have no coordinator of ${this.kind} '${this.key}', trying again. If this lasts, they can't make or write its topic ` +
        TOPICS[this.kind],
    )
  }

  there(): void {
    this.#since = undefined
    this.#sayAfterMs = QUIET_MS
  }
}

const TOPICS: Readonly<Record<CoordinatorKind, string>> = {
  group:
    '__consumer_offsets, which takes three brokers by default: with fewer of them, set offsets.topic.replication.factor of the brokers to 1',
  transaction:
    '__transaction_state, which takes three brokers by default: with fewer of them, set transaction.state.log.replication.factor and ' +
    'transaction.state.log.min.isr of the brokers to 1',
}
