import { oneOf, options as optionsOf, requireArgument, text } from '../arguments'
import type { DeadLetterRecord, ErrorHandlerContext, ErrorHandlerResponse } from './error-handler'
import { writingTo } from './handler-topics'
import type { RecordHeaders } from '../record/headers'

/** Of Kafka Streams' headers. */
const JAVA = '__streams.errors.'
/** Of those that Kafka Streams has not. */
const OWN = '__millrace.errors.'
const OPTIONS = optionsOf<{ then?: 'continue' | 'fail' }>({ then: oneOf('continue', 'fail') })
/** Messages that quote a record, twice with the stack, would make the dead letter larger than a topic takes. */
const MAX_MESSAGE_CHARS = 8 * 1024
const MAX_STACK_CHARS = 32 * 1024

/**
 * Sends the input record that failed to a dead letter topic: its original bytes, timestamp and headers, plus
 * Kafka Streams' headers `__streams.errors.exception`, `.message`, `.stacktrace`, `.topic`, `.partition` and `.offset`
 * (KIP-1034), and `__millrace.errors.operator`, `.code` and `.description`. A message is cut after 8,192 characters, a stack after 32,768. Works as a
 * handler of any kind.
 *
 * @param options `then`: what happens to the task afterwards; default: it continues with the next record
 * @example
 * new KafkaStreams(topology, { ...config, processingExceptionHandler: deadLetterTopic('orders-dead') })
 *
 * @throws StreamsError INVALID_ARGUMENT
 */
export const deadLetterTopic = (topic: string, options: { then?: 'continue' | 'fail' } = {}) => {
  requireArgument(topic, text('the name of a topic'), 'deadLetterTopic', 'topic')
  requireArgument(options, OPTIONS, 'deadLetterTopic', 'options')
  const { then = 'continue' } = options
  return writingTo([topic], (error: Error, context: ErrorHandlerContext): ErrorHandlerResponse => ({
    result: then,
    deadLetters: [deadLetter(topic, error, context)],
  }))
}

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
    header(`${JAVA}exception`, error.name),
    header(`${JAVA}message`, message),
    header(`${JAVA}stacktrace`, cut(frames, MAX_STACK_CHARS)),
    header(`${JAVA}topic`, context.topic),
    header(`${JAVA}partition`, String(context.partition)),
    header(`${JAVA}offset`, String(context.offset)),
    header(`${OWN}operator`, context.operator),
    header(`${OWN}code`, context.code),
    header(`${OWN}description`, cut(context.description, MAX_MESSAGE_CHARS)),
  ]
}

const cut = (whole: string, chars: number): string => (whole.length > chars ? `${whole.slice(0, chars)}…` : whole)

const header = (name: string, value: string | null): readonly [string, Buffer | null] => [
  name,
  value === null ? null : Buffer.from(value, 'utf8'),
]
