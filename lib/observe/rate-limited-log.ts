import type { Logger } from './logger'

export interface RateLimit {
  /** Lines written per subject and period. */
  readonly lines: number
  readonly periodMs: number
}

interface Subject {
  written: number
  heldBack: number
  last: { readonly fields: object; readonly message: string } | undefined
  timer: NodeJS.Timeout
}

/**
 * Warns about something that may happen for every record: the first lines about a subject are written, further ones within the
 * period are suppressed, and at its end the last of them is written with the number of the others.
 */
export class RateLimitedLog {
  readonly #subjects = new Map<string, Subject>()

  constructor(
    private readonly logger: Logger,
    private readonly limit: RateLimit = { lines: 10, periodMs: 30_000 },
  ) {}

  warn(key: string, fields: object, message: string): void {
    let subject = this.#subjects.get(key)
    if (subject === undefined) {
      subject = { written: 0, heldBack: 0, last: undefined, timer: this.#period(key) }
      this.#subjects.set(key, subject)
    }
    if (subject.written < this.limit.lines) {
      subject.written++
      this.logger.warn(fields, message)
    } else {
      subject.heldBack++
      subject.last = { fields, message }
    }
  }

  /** Writes what is suppressed. */
  close(): void {
    for (const subject of this.#subjects.values()) {
      clearTimeout(subject.timer)
      this.#tell(subject)
    }
    this.#subjects.clear()
  }

  #period(key: string): NodeJS.Timeout {
    return setTimeout(() => this.#periodOver(key), this.limit.periodMs).unref()
  }

  #periodOver(key: string): void {
    const subject = this.#subjects.get(key)!
    this.#subjects.delete(key)
    if (subject.heldBack === 0) return
    this.#tell(subject)
    this.#subjects.set(key, { written: 1, heldBack: 0, last: undefined, timer: this.#period(key) })
  }

  #tell({ heldBack, last }: Subject): void {
    if (last === undefined) return
    const others = heldBack - 1
    this.logger.warn(
      { ...last.fields, heldBack: others },
      others === 0 ? last.message : `${last.message} (and ${others} more like it, which are not logged)`,
    )
  }
}
