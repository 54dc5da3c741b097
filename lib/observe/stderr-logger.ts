import type { Logger } from './logger'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

const text = (value: unknown): string => {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? '' : ` (caused by ${text(value.cause)})`
    return `${value.name}: ${value.message}${cause}`
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** One line a message on standard error: time, level, message, `name=value` fields. Levels below `level` are left out. */
export const stderrLogger = (level: LogLevel = 'info'): Logger => {
  const at =
    (own: LogLevel) =>
    (fields: object, message: string): void => {
      if (RANK[own] < RANK[level]) return
      const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${text(value)}`)
      process.stderr.write(`${new Date().toISOString()} ${own.toUpperCase()} ${message}${pairs.join('')}\n`)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
