import { StreamsError } from '../errors'
import type { RecordHeaders } from './headers'

/**
 * The attributes of a CloudEvent. All but those that are listed here are extensions, such as `traceparent`. The event's data is the
 * record's value.
 */
export interface CloudEvent {
  /** Identifies the event, together with `source`. */
  readonly id: string
  /** Where it happened, a URI reference. */
  readonly source: string
  /** What kind of event it is, such as `com.example.order.placed`. */
  readonly type: string
  /** The version of the specification. Default: `1.0`. */
  readonly specversion?: string
  /** The format of the data, such as `application/json`: the header `content-type`. */
  readonly datacontenttype?: string
  /** The schema of the data, a URI. */
  readonly dataschema?: string
  /** What the event is about, in the context of its source. */
  readonly subject?: string
  /** When it happened, as RFC 3339 writes it. Not the record's timestamp: a `timestampExtractor` can make it that. */
  readonly time?: string
  /** Extensions: names of lower-case letters and digits. */
  readonly [extension: string]: string | undefined
}

const PREFIX = 'ce_'
const CONTENT_TYPE = 'content-type'
const REQUIRED = ['id', 'source', 'type'] as const
const ATTRIBUTE_NAME = /^[a-z0-9]+$/
/** The content type of events in structured mode, whatever their format. */
const STRUCTURED = /^application\/cloudevents/i

/**
 * The attributes of a record that is a CloudEvent in the binary mode of the Kafka protocol binding, by its headers `ce_id`,
 * `ce_source`, `ce_type` and so on. `null` if it is none: it has no `ce_specversion`, or is an event in structured mode, by its content type.
 * Of headers with the same name the last counts. Headers such as `ce_Trace-Id`, with names that no attribute can have, are headers like others.
 *
 * @example
 * const placed = orders.filter((order, id, meta) => readCloudEvent(meta.headers)?.type === 'com.example.order.placed')
 *
 * @throws StreamsError DESERIALIZATION_FAILED: it is one, and lacks its id, source or type
 */
export function readCloudEvent(headers: RecordHeaders): CloudEvent | null {
  const attributes: Record<string, string> = {}
  for (let i = 0; i < headers.length; i++) {
    const [header, value] = headers[i]!
    const name = attributeOf(header)
    if (name !== undefined && value !== null) attributes[name] = value.toString('utf8')
  }
  if (attributes.specversion === undefined || STRUCTURED.test(attributes.datacontenttype ?? '')) return null
  const missing = REQUIRED.filter((name) => !attributes[name])
  if (missing.length > 0) {
    throw new StreamsError(
      'DESERIALIZATION_FAILED',
      `the record has the header ce_specversion of a CloudEvent, and lacks ${missing.map((name) => PREFIX + name).join(', ')}: ` +
        'correct its producer; where an operator reads the event, a processingExceptionHandler can drop the record',
    )
  }
  return attributes as unknown as CloudEvent
}

/**
 * Headers that make a record a CloudEvent in binary mode: those of `event`, behind the other `headers`. Attributes of an
 * event that were among them are replaced as a whole.
 *
 * @example
 * context.forward(record.withHeaders(writeCloudEvent(record.headers, { id: record.key, source: '/orders', type: 'com.example.order.placed' })))
 *
 * @throws StreamsError INVALID_ARGUMENT: an attribute is missing, has a name that is not allowed, or is not text
 */
export function writeCloudEvent(headers: RecordHeaders, event: CloudEvent): RecordHeaders {
  const missing = REQUIRED.filter((name) => !event[name])
  if (missing.length > 0) throw invalid(`needs ${missing.join(', ')}`)
  const written = headers.filter(([name]) => attributeOf(name) === undefined)
  for (const [name, value] of Object.entries({ specversion: '1.0', ...definedOf(event) })) {
    if (typeof value !== 'string') throw invalid(`needs ${name} as text, and got ${typeof value}`)
    if (!isAttribute(name))
      throw invalid(
        `has no attribute "${name}": names are lower-case letters and digits, and data is the record's value`,
      )
    if (name === 'datacontenttype' && STRUCTURED.test(value))
      throw invalid(
        `in binary mode can't have the datacontenttype ${value}, which says that the record's value is the whole event: give the type of the data`,
      )
    written.push([name === 'datacontenttype' ? CONTENT_TYPE : PREFIX + name, Buffer.from(value)])
  }
  return written
}

const definedOf = (event: CloudEvent): Record<string, unknown> =>
  Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined))

/** The attribute that a header holds; undefined if it holds none. */
const attributeOf = (header: string): string | undefined => {
  if (header === CONTENT_TYPE) return 'datacontenttype'
  const name = header.startsWith(PREFIX) ? header.slice(PREFIX.length) : ''
  return isAttribute(name) ? name : undefined
}

const isAttribute = (name: string): boolean => ATTRIBUTE_NAME.test(name) && name !== 'data'

const invalid = (problem: string): StreamsError => new StreamsError('INVALID_ARGUMENT', `a CloudEvent ${problem}`)
