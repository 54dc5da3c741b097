import type { Logger } from '../../../observe/logger'
import type { ClientError } from '../../port'

/** Periods without any reachable broker, reported once for all connections of a client: one warning at the start, one line at the end. */
export class Outage {
  private since: number | undefined
  private reachedAt = -Infinity

  constructor(private readonly logger: Logger) {}

  /** No broker answered an attempt begun at `attemptedAt`. One begun before another connection got through belongs to the outage that is over. */
  unreachable(attemptedAt: number, failure: ClientError | undefined): void {
    if (this.since !== undefined || attemptedAt <= this.reachedAt) return
    this.since = attemptedAt
    this.logger.warn({ err: failure }, 'no Kafka broker can be reached; trying again until one answers')
  }

  reached(broker: string): void {
    const now = performance.now()
    this.reachedAt = now
    if (this.since === undefined) return
    const seconds = Math.round(now - this.since) / 1000
    this.since = undefined
    this.logger.info({ broker, seconds }, 'Kafka can be reached again')
  }
}
