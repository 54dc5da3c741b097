import { errorLine } from './error-text'
import type { Logger } from './logger'

/** A warning or an error that was logged. */
export interface Problem {
  /** In milliseconds since 1970. */
  readonly time: number
  readonly level: 'warn' | 'error'
  readonly message: string
  /** The error with its causes, on one line. */
  readonly error?: string
  /** Where it happened: the fields of the log line that say so. */
  readonly location: Readonly<Record<string, string | number>>
}

/** Fields whose values are names and numbers; others may have data of records. */
const LOCATION = ['taskId', 'operator', 'store', 'topic', 'partition', 'offset', 'code', 'host'] as const
const LONGEST_TEXT = 1000

/** A logger that keeps the latest warnings and errors in memory, and hands everything on. */
export class RecentProblems implements Logger {
  readonly #problems: Problem[] = []

  constructor(
    private readonly logger: Logger,
    private readonly limit = 50,
  ) {}

  /** From the oldest to the latest. */
  get latest(): readonly Problem[] {
    return this.#problems
  }

  debug(fields: object, message: string): void {
    this.logger.debug(fields, message)
  }

  info(fields: object, message: string): void {
    this.logger.info(fields, message)
  }

  warn(fields: object, message: string): void {
    this.#keep('warn', fields, message)
    this.logger.warn(fields, message)
  }

  error(fields: object, message: string): void {
    this.#keep('error', fields, message)
    this.logger.error(fields, message)
  }

  #keep(level: Problem['level'], fields: object, message: string): void {
    const { err } = fields as { err?: unknown }
    const location: Record<string, string | number> = {}
    for (const name of LOCATION) {
      const value = (fields as Partial<Record<string, unknown>>)[name]
      if (typeof value === 'string') location[name] = shortened(value)
      else if (typeof value === 'number') location[name] = value
    }
    const error = err === undefined ? {} : { error: shortened(errorLine(err)) }
    this.#problems.push({ time: Date.now(), level, message: shortened(message), ...error, location })
    if (this.#problems.length > this.limit) this.#problems.shift()
  }
}

const shortened = (text: string): string => (text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`)
