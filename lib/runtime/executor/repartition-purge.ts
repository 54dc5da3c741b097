import { startTimer } from '../../timer'
import { type Admin, type ClientError, type CommittedOffset } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import { notAuthorized } from '../failure/not-authorized'

export interface RepartitionPurgeOptions {
  readonly admin: Admin
  readonly repartitionTopics: ReadonlySet<string>
  readonly intervalMs: number
  readonly logger: Logger
}

/**
 * Repartition topics have no retention: processed and committed records are deleted periodically, the last ones too if nothing more
 * is committed.
 */
export class RepartitionPurge {
  readonly #due = new Map<string, TopicPartition & { offset: number }>()
  #last = performance.now()
  #timer: NodeJS.Timeout | undefined
  #going: Promise<void> | undefined
  #closed = false
  #warned = false

  constructor(private readonly options: RepartitionPurgeOptions) {}

  committed(offsets: Iterable<TopicPartition & CommittedOffset>): void {
    for (const { topic, partition, offset } of offsets) {
      if (this.options.repartitionTopics.has(topic))
        this.#due.set(tpKey(topic, partition), { topic, partition, offset })
    }
    this.#schedule()
  }

  /** After a failure: a topic may have been created again, and have unprocessed records at the offsets that were committed. */
  forget(): void {
    this.#due.clear()
  }

  /** Resolves when no deletion is in progress; none begins any more. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#going
  }

  #schedule(): void {
    if (this.#closed || this.#due.size === 0 || this.#going || this.#timer) return
    const left = this.#last + this.options.intervalMs - performance.now()
    this.#timer = startTimer(() => {
      this.#timer = undefined
      if (this.#due.size === 0) return
      // a timer may fire early, and can't run for longer
      if (performance.now() - this.#last < this.options.intervalMs) return this.#schedule()
      this.#last = performance.now()
      this.#going = this.#purge().finally(() => {
        this.#going = undefined
        this.#schedule()
      })
    }, left)
    this.#timer.unref()
  }

  async #purge(): Promise<void> {
    const due = [...this.#due.values()]
    this.#due.clear()
    try {
      await this.options.admin.deleteRecords(due)
    } catch (error) {
      this.#failed(error as ClientError)
    }
  }

  /** Nothing depends on it, and the next purge covers these records as well; unless it is never allowed. */
  #failed(error: ClientError): void {
    const { logger } = this.options
    const doing = 'records of repartition topics could not be deleted'
    if (error.kind !== 'authorization' || this.#warned) return logger.debug({ err: error }, doing)
    this.#warned = true
    const err = notAuthorized(error, {}, { operation: 'Delete' })
    logger.warn({ err }, `${doing} once they were processed: they are kept, and the topics grow without end`)
  }
}
