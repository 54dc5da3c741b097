import type { DeadLetterRecord, ErrorHandlerContext, ErrorHandlerResponse } from './error-handler'
import type { RecordHeaders } from '../record/headers'

const PREFIX = '__streams.errors.'

/**
 * Sends the input record that failed to a dead letter topic: its original bytes, timestamp and headers, plus
 * Kafka Streams' headers `__streams.errors.exception`, `.message`, `.stacktrace`, `.topic`, `.partition` and `.offset`
 * (KIP-1034). Works as a handler of any kind.
 *
 * @param then what happens to the task afterwards; default: it continues with the next record
 * @example
 * new KafkaStreams(topology, { ...config, processingExceptionHandler: deadLetterTopic('orders-dead') })
 */
export const deadLetterTopic =
  (topic: string, { then = 'continue' }: { then?: 'continue' | 'fail' } = {}) =>
  (error: Error, context: ErrorHandlerContext): ErrorHandlerResponse => ({
    result: then,
    deadLetters: [deadLetter(topic, error, context)],
  })

const deadLetter = (topic: string, error: Error, context: ErrorHandlerContext): DeadLetterRecord => ({
  topic,
  key: context.sourceRawKey,
  value: context.sourceRawValue,
  timestamp: context.timestamp,
  headers: [...context.headers, ...errorHeaders(error, context)],
})

const errorHeaders = (error: Error, context: ErrorHandlerContext): RecordHeaders => [
  text('exception', error.name),
  text('message', error.message),
  text('stacktrace', error.stack ?? ''),
  text('topic', context.topic ?? ''),
  text('partition', String(context.partition)),
  text('offset', String(context.offset)),
]

const text = (name: string, value: string): readonly [string, Buffer] => [PREFIX + name, Buffer.from(value, 'utf8')]
