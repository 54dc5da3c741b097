import { errorLine, errorLines, isError, plainText } from './error-text'
import { isWritten, type LogLevel } from './log-level'
import type { Logger } from './logger'
import { printable } from './printable'

/** Codes of ANSI terminals. */
const COLORS = { debug: 90, info: 36, warn: 33, error: 31, dim: 2 } as const

export interface TextLoggerOptions {
  /** For a terminal: levels in colors, and times of the day alone. Default: false. */
  readonly colors?: boolean
}

/**
 * Writes to standard error: time, level, message and `name=value` fields on one line. Errors of warnings and errors follow
 * with their stacks and causes, indented; at the other levels they are fields. Control characters, which errors quote from records, are escaped.
 */
export const textLogger = (
  level: LogLevel,
  write: (text: string) => void = (text) => void process.stderr.write(text),
  { colors = false }: TextLoggerOptions = {},
): Logger => {
  const painted = (color: keyof typeof COLORS, text: string): string =>
    colors && text !== '' ? `\u001b[${COLORS[color]}m${text}\u001b[0m` : text
  const at = (own: Exclude<LogLevel, 'silent'>, withStacks: boolean) => {
    if (!isWritten(own, level)) return () => {}
    return (fields: object, message: string): void => {
      const shown: string[] = []
      const below: string[] = []
      for (const [name, value] of Object.entries(fields)) {
        if (value === undefined) continue
        if (!isError(value)) shown.push(`${name}=${printable(plainText(value))}`)
        else if (withStacks) below.push(...errorLines(value).flatMap((text) => text.split('\n').map(printable)))
        else shown.push(`${name}=${printable(errorLine(value))}`)
      }
      const time = new Date()
      const head = [
        painted('dim', colors ? timeOfDay(time) : time.toISOString()),
        painted(own, colors ? own.toUpperCase().padEnd(5) : own.toUpperCase()),
        printable(message),
        ...shown.map((field) => painted('dim', field)),
      ]
      write([head.join(' '), ...below.map((text) => painted('dim', `  ${text}`))].join('\n') + '\n')
    }
  }
  return { debug: at('debug', false), info: at('info', false), warn: at('warn', true), error: at('error', true) }
}

/** Where the reader is. */
const timeOfDay = (time: Date): string =>
  [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':') +
  `.${String(time.getMilliseconds()).padStart(3, '0')}`
