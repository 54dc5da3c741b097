import type { Logger } from '../../../observe/logger'

const QUIET_MS = 30_000

/** Warns at most twice a minute about the same thing, and says how often it has happened in between. */
export class RepeatedWarnings {
  private readonly recent = new Map<string, { until: number; suppressed: number }>()

  constructor(private readonly logger: Logger) {}

  warn(key: string, fields: object, message: string): void {
    const now = performance.now()
    const entry = this.recent.get(key)
    if (entry && now < entry.until) {
      entry.suppressed++
      return
    }
    this.logger.warn(entry?.suppressed ? { ...fields, repeated: entry.suppressed } : fields, message)
    this.recent.set(key, { until: now + QUIET_MS, suppressed: 0 })
  }
}
