/** Takes fields and a message, as pino and most structured loggers do. */
export interface Logger {
  /** What only a developer of millrace asks for. */
  debug(fields: object, message: string): void
  /** What an operator wants to read back later: states, rebalances, restores. */
  info(fields: object, message: string): void
  /** It goes on, but someone should look. */
  warn(fields: object, message: string): void
  /** It does not go on by itself, or something is lost. */
  error(fields: object, message: string): void
}

const nothing = (): void => {}

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
