import { errorLine, errorLines, isError, plainText } from './error-text'
import type { Logger } from './logger'

/** The lowest level that the default logger writes: `silent` writes nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

/**
 * Writes to standard error: time, level, message and `name=value` fields on one line. Errors of warnings and errors follow
 * with their stacks and causes, indented; at the other levels they are fields.
 */
export const stderrLogger = (
  level: LogLevel,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): Logger => {
  const at = (own: LogLevel, withStacks: boolean) => {
    if (LOG_LEVELS.indexOf(own) < LOG_LEVELS.indexOf(level)) return () => {}
    return (fields: object, message: string): void => {
      let line = `${new Date().toISOString()} ${own.toUpperCase()} ${message}`
      const below: string[] = []
      for (const [name, value] of Object.entries(fields)) {
        if (value === undefined) continue
        if (!isError(value)) line += ` ${name}=${plainText(value)}`
        else if (withStacks) below.push(...errorLines(value).flatMap((text) => text.split('\n')))
        else line += ` ${name}=${errorLine(value)}`
      }
      write([line, ...below.map((text) => `  ${text}`)].join('\n') + '\n')
    }
  }
  return { debug: at('debug', false), info: at('info', false), warn: at('warn', true), error: at('error', true) }
}
