import { type Admin, type CommittedOffset } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { type TopicPartition, tpKey } from '../../record/topic-partition'

export interface RepartitionPurgeOptions {
  readonly admin: Admin
  readonly repartitionTopics: ReadonlySet<string>
  readonly intervalMs: number
  readonly logger: Logger
}

/** Repartition topics have no retention: processed and committed records are deleted periodically. */
export class RepartitionPurge {
  readonly #due = new Map<string, TopicPartition & { offset: number }>()
  #last = performance.now()
  #going: Promise<void> | undefined

  constructor(private readonly options: RepartitionPurgeOptions) {}

  committed(offsets: Iterable<TopicPartition & CommittedOffset>): void {
    for (const { topic, partition, offset } of offsets) {
      if (this.options.repartitionTopics.has(topic))
        this.#due.set(tpKey(topic, partition), { topic, partition, offset })
    }
    if (this.#due.size === 0 || this.#going) return
    if (performance.now() - this.#last < this.options.intervalMs) return
    this.#last = performance.now()
    this.#going = this.#purge().finally(() => {
      this.#going = undefined
    })
  }

  /** Resolves when no deletion is in progress. */
  async idle(): Promise<void> {
    await this.#going
  }

  async #purge(): Promise<void> {
    const due = [...this.#due.values()]
    this.#due.clear()
    try {
      await this.options.admin.deleteRecords(due)
    } catch (error) {
      // nothing depends on it, and the next purge covers these records as well
      this.options.logger.debug({ err: error }, 'records of repartition topics could not be deleted')
    }
  }
}
