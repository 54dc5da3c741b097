import { jsonLogger } from './json-logger'
import type { LogFormat, LogLevel } from './log-level'
import type { Logger } from './logger'
import { textLogger } from './text-logger'

interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** To standard error: for people at a terminal, with colours unless NO_COLOR is set, and as JSON for programs anywhere else. */
export const defaultLogger = (
  level: LogLevel,
  format: LogFormat | undefined,
  output: Terminal = process.stderr,
  noColor = (process.env['NO_COLOR'] ?? '') !== '',
): Logger => {
  const isTerminal = output.isTTY === true
  const write = (text: string): void => void output.write(text)
  if ((format ?? (isTerminal ? 'text' : 'json')) === 'json') return jsonLogger(level, write)
  return textLogger(level, write, { colors: isTerminal && !noColor })
}
