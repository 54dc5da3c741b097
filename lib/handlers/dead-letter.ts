import type { DeadLetterRecord, ErrorHandlerContext, ErrorHandlerResponse } from './error-handler'
import type { RecordHeaders } from '../record/headers'

/** Of Kafka Streams' headers. */
const JAVA = '__streams.errors.'
/** Of those that Kafka Streams has not. */
const OWN = '__millrace.errors.'
/** Messages that quote a record, twice with the stack, would make the dead letter larger than a topic takes. */
const MAX_MESSAGE_CHARS = 8 * 1024
const MAX_STACK_CHARS = 32 * 1024

/**
 * Sends the input record that failed to a dead letter topic: its original bytes, timestamp and headers, plus
 * Kafka Streams' headers `__streams.errors.exception`, `.message`, `.stacktrace`, `.topic`, `.partition` and `.offset`
 * (KIP-1034), and `__millrace.errors.operator` and `.code`. A message is cut after 8,192 characters, a stack after 32,768. Works as a
 * handler of any kind.
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

const errorHeaders = (error: Error, context: ErrorHandlerContext): RecordHeaders => {
  const message = cut(error.message, MAX_MESSAGE_CHARS)
  const stack = error.stack ?? ''
  // the frames are behind the message
  const frames = message === error.message ? stack : stack.split(error.message).join(message)
  return [
    text(`${JAVA}exception`, error.name),
    text(`${JAVA}message`, message),
    text(`${JAVA}stacktrace`, cut(frames, MAX_STACK_CHARS)),
    text(`${JAVA}topic`, context.topic ?? ''),
    text(`${JAVA}partition`, String(context.partition)),
    text(`${JAVA}offset`, String(context.offset)),
    text(`${OWN}operator`, context.operator),
    text(`${OWN}code`, context.code),
  ]
}

const cut = (whole: string, chars: number): string => (whole.length > chars ? `${whole.slice(0, chars)}…` : whole)

const text = (name: string, value: string): readonly [string, Buffer] => [name, Buffer.from(value, 'utf8')]
