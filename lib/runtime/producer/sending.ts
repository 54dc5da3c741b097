import {
  optional,
  options as optionsOf,
  requireArgument,
  TIMESTAMP,
  WHOLE_NUMBER,
  isObject,
  kind,
} from '../../arguments'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { TOPIC } from '../../topology/topology'
import type { OutgoingRecord } from './pending-record'
import type { SendOptions } from './record-producer'
import { encode, type TopicFormats } from './topic-formats'

const SEND_OPTIONS = optional(
  optionsOf<SendOptions>({
    headers: kind("headers, such as { source: 'web' }", (value) => isObject(value) || Array.isArray(value)),
    timestamp: TIMESTAMP,
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

const headersOf = (headers: SendOptions['headers']): RecordHeaders => {
  if (headers === undefined) return NO_HEADERS
  if (isList(headers)) return headers
  return Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? Buffer.from(value) : value])
}

const isList = (headers: NonNullable<SendOptions['headers']>): headers is RecordHeaders => Array.isArray(headers)
