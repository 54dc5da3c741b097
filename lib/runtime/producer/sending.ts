import {
  argumentError,
  optional,
  options as optionsOf,
  RECORD_TIME,
  requireArgument,
  WHOLE_NUMBER,
  isObject,
  kind,
} from '../../arguments'
import { areHeaders, NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { TOPIC } from '../../topology/topology'
import type { OutgoingRecord } from './pending-record'
import type { SendOptions } from './record-producer'
import { encode, type TopicFormats } from './topic-formats'

const HEADERS = "texts or bytes by their names, such as { source: 'web' }, or a list of names and values"

const SEND_OPTIONS = optional(
  optionsOf<SendOptions>({
    headers: kind(HEADERS, (value) => isObject(value) || (Array.isArray(value) && value.every(Array.isArray))),
    timestamp: RECORD_TIME,
    partition: WHOLE_NUMBER,
  }),
)

/** What `send` is called with, as a record of bytes. @throws StreamsError INVALID_ARGUMENT, SERIALIZATION_FAILED */
export const outgoing = (
  formats: TopicFormats,
  topic: string,
  key: unknown,
  value: unknown,
  options: SendOptions | undefined,
  now: () => number,
): OutgoingRecord => {
  requireArgument(topic, TOPIC, 'send', 'topic')
  requireArgument(options, SEND_OPTIONS, 'send', 'options')
  const format = formats.of(topic)
  const headers = headersOf(options?.headers)
  const encoded = encode(format, topic, key, value, headers)
  return {
    topic,
    encoded,
    headers,
    timestamp: options?.timestamp === undefined ? now() : Number(options.timestamp),
    choosePartition: (partitions) => options?.partition ?? oneOf(format.partitioner?.(topic, key, value, partitions)),
  }
}

/** A partitioner that chooses several is for sinks: a record that is sent has one place. */
const oneOf = (partitions: number | readonly number[] | undefined): number | undefined =>
  typeof partitions === 'object' ? (partitions[0] ?? -1) : partitions

const headersOf = (given: SendOptions['headers']): RecordHeaders => {
  if (given === undefined) return NO_HEADERS
  const headers = (isList(given) ? given : Object.entries(given)).map(
    ([name, value]) => [name, bytesOf(value)] as const,
  )
  if (!areHeaders(headers)) throw argumentError(given, HEADERS, 'send', 'options.headers')
  return headers
}

type Headers = NonNullable<SendOptions['headers']>

const isList = (headers: Headers): headers is Exclude<Headers, Readonly<Record<string, unknown>>> =>
  Array.isArray(headers)

const bytesOf = (value: string | Buffer | null): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : value
