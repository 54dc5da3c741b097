/** Takes fields and a message, as pino and most structured loggers do. */
export interface Logger {
  /** Details that only a developer of millrace needs. */
  debug(fields: object, message: string): void
  /** What an operator wants to look up later: states, rebalances, restores. */
  info(fields: object, message: string): void
  /** It continues, but someone should look. */
  warn(fields: object, message: string): void
  /** It does not recover by itself, or something is lost. */
  error(fields: object, message: string): void
}

const nothing = (): void => {}

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
