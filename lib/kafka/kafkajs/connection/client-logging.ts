import type { KafkaConfig, LogEntry } from 'kafkajs'
import type { Logger } from '../../../observe/logger'
import { createKafkaJsLogger, kafkaJsLogLevels, type KafkaJsLogger } from '../internals'

/**
 * kafkajs's own log lines. By default only its errors, as our `debug`: each failure that matters is reported once by the part
 * that handles it. With the user's `logLevel` they come at their own levels; with the user's `logCreator` they go there.
 */
export const kafkaJsLogger = (kafka: KafkaConfig, logger: Logger): KafkaJsLogger => {
  const level = kafka.logLevel ?? kafkaJsLogLevels().ERROR
  if (kafka.logCreator) return createKafkaJsLogger(level, kafka.logCreator)
  return createKafkaJsLogger(level, () => (entry) => {
    const write = kafka.logLevel === undefined ? logger.debug : writerOf(logger, entry)
    const { message, timestamp: _timestamp, logger: _logger, ...fields } = entry.log
    write.call(logger, { ...fields, client: entry.namespace }, message)
  })
}

const writerOf = (logger: Logger, entry: LogEntry): Logger['info'] => {
  const { ERROR, WARN, INFO } = kafkaJsLogLevels()
  if (entry.level === ERROR) return logger.error
  if (entry.level === WARN) return logger.warn
  if (entry.level === INFO) return logger.info
  return logger.debug
}
