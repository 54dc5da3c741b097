import { timerMs } from '../../durations'
import type { Admin } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { CompiledTopology } from '../../topology/definition'
import { missingSourceTopics } from '../../topology/partition-counts'
import { countSourceTopics } from './source-topics'

export interface SourceTopicWatchOptions {
  readonly admin: Admin
  readonly topology: CompiledTopology
  /** The topics that the tasks were derived from, or older ones. */
  readonly known: ReadonlyMap<string, number>
  readonly intervalMs: number
  readonly logger: Logger
  /** Called every few seconds while topics are missing. */
  readonly stillMissing: (topics: readonly string[]) => void
  /** Topics were created or deleted, or have a different number of partitions: the tasks must be reassigned. */
  readonly changed: (reason: string) => void
}

const WHILE_MISSING_MS = 1000
const SAY_EVERY_MS = 5000

/** Checks the source topics periodically; more often while some are missing. */
export class SourceTopicWatch {
  #known: ReadonlyMap<string, number>
  #timer: NodeJS.Timeout | undefined
  #missing = false
  #lastSaid = -Infinity
  #closed = false

  constructor(private readonly options: SourceTopicWatchOptions) {
    this.#known = options.known
  }

  start(): void {
    this.#schedule()
  }

  /** The group's leader found topics missing: check often from now on. */
  expectMissing(missing: boolean): void {
    if (this.#missing === missing) return
    this.#missing = missing
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    const waitMs = this.#missing ? WHILE_MISSING_MS : this.options.intervalMs
    this.#timer = setTimeout(() => void this.#look(), timerMs(waitMs))
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    try {
      const counts = await countSourceTopics(this.options.admin, this.options.topology)
      if (this.#closed) return
      const missing = missingSourceTopics(this.options.topology, counts)
      if (missing.length > 0) this.#say(missing)
      const change = difference(this.#known, counts)
      const arrived = this.#missing && missing.length === 0
      this.#known = counts
      if (arrived) {
        this.#missing = false
        this.options.changed('missing source topics have been created')
      } else if (change) this.options.changed(change)
    } catch (error) {
      this.options.logger.debug({ err: error }, 'looking at the source topics failed, trying again later')
    }
    this.#schedule()
  }

  #say(missing: readonly string[]): void {
    const now = performance.now()
    if (now - this.#lastSaid < SAY_EVERY_MS) return
    this.#lastSaid = now
    this.options.stillMissing(missing)
  }
}

const difference = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string | undefined => {
  for (const [topic, partitions] of after) {
    const known = before.get(topic)
    if (known === undefined) return `source topic ${topic} is new`
    if (known !== partitions) return `source topic ${topic} has ${partitions} partitions instead of ${known}`
  }
  for (const topic of before.keys()) if (!after.has(topic)) return `source topic ${topic} is gone`
  return undefined
}
