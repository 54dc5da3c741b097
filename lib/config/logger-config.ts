import { invalid, oneOf } from './config-values'
import { defaultLogger } from '../observe/default-logger'
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../observe/log-level'
import { harmless } from '../observe/harmless-logger'
import type { Logger } from '../observe/logger'

interface LoggerSettings {
  logger?: Logger
  logLevel?: LogLevel
  logFormat?: LogFormat
}

/** The given logger, or the default one. @throws StreamsError INVALID_CONFIG */
export const resolveLogger = (config: LoggerSettings): Logger => {
  const value: unknown = config.logger
  const level = oneOf({ values: config, path: '' }, 'logLevel', LOG_LEVELS, 'warn')
  const format = oneOf({ values: config, path: '' }, 'logFormat', LOG_FORMATS, undefined)
  if (value === undefined) return defaultLogger(level, format)
  for (const [name, what] of [
    ['logLevel', 'level'],
    ['logFormat', 'format'],
  ] as const) {
    if (config[name] === undefined) continue
    throw invalid(
      `${name} is for the default logger, and a logger is given: set the ${what} on that one, and drop ${name}`,
    )
  }
  const methods = ['debug', 'info', 'warn', 'error'] as const
  if (
    typeof value === 'object' &&
    value !== null &&
    methods.every((name) => typeof (value as Logger)[name] === 'function')
  ) {
    return harmless(value as Logger)
  }
  throw invalid('logger needs the methods debug, info, warn and error, each taking (fields, message)')
}
