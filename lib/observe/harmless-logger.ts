import type { Logger } from './logger'

/** A logger of somebody else. What it throws ends no application: the first time is told by a warning of the process. */
export const harmless = (logger: Logger): Logger => {
  let told = false
  const log =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message)
      } catch (error) {
        if (told) return
        told = true
        process.emitWarning(
          `the logger threw ${String(error)}; it was to log at ${level}: ${message}. Further ones are not reported`,
          { code: 'MILLRACE_LOGGER' },
        )
      }
    }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}
