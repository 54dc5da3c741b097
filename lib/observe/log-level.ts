/** The lowest level that the default logger writes: `silent` writes nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

/** How the default logger writes: `text` to read, `json` for log collectors. */
export type LogFormat = 'text' | 'json'

export const LOG_FORMATS: readonly LogFormat[] = ['text', 'json']

/** Whether a line of level `own` is written from `level` on. */
export const isWritten = (own: LogLevel, level: LogLevel): boolean =>
  LOG_LEVELS.indexOf(own) >= LOG_LEVELS.indexOf(level)
