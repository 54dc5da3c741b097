import { hostname } from 'node:os'
import { errorLines, isError, plainText } from './error-text'
import type { Logger } from './logger'
import { isWritten, type LogLevel } from './log-level'

/** Pino's numbers. */
const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const

/**
 * Writes each event as one line of JSON, as pino does with its defaults: `level` as a number, `time` in milliseconds since 1970, `pid`, `hostname`,
 * the fields, and `msg`. Errors have `type`, `message`, `code` and `stack`, which goes through their causes.
 */
export const jsonLogger = (
  level: LogLevel,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): Logger => {
  const { pid } = process
  const host = hostname()
  const at = (own: keyof typeof LEVELS) => {
    if (!isWritten(own, level)) return () => {}
    return (fields: object, message: string): void => {
      const shown = { level: LEVELS[own], time: Date.now(), pid, hostname: host, ...shownFields(fields), msg: message }
      write(`${jsonOf(shown)}\n`)
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const shownFields = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, isError(value) ? shownError(value) : value]))

const shownError = (error: Error): object => {
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    stack: errorLines(error).join('\n'),
  }
}

const jsonOf = (fields: Readonly<Record<string, unknown>>): string => {
  try {
    return JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  } catch {
    // a field with a circle, or one whose `toJSON` throws: as text, so that the line is not lost
    return JSON.stringify(
      Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [name, typeof value === 'object' ? plainText(value) : value]),
      ),
    )
  }
}
