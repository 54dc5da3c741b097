import { type CloudEvent, readCloudEvent, writeCloudEvent } from '../../../lib/record/cloud-events'
import type { RecordHeaders } from '../../../lib/record/headers'

const headersOf = (values: Record<string, string | null>): RecordHeaders =>
  Object.entries(values).map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const)

const textOf = (headers: RecordHeaders): Record<string, string | undefined> =>
  Object.fromEntries(headers.map(([name, value]) => [name, value?.toString()]))

/** The example of the Kafka protocol binding. */
const EXAMPLE = {
  ce_specversion: '1.0',
  ce_type: 'com.example.someevent',
  ce_source: '/mycontext/subcontext',
  ce_id: '1234-1234-1234',
  ce_time: '2018-04-05T03:56:24Z',
  'content-type': 'application/avro',
}

const EVENT: CloudEvent = {
  specversion: '1.0',
  type: 'com.example.someevent',
  source: '/mycontext/subcontext',
  id: '1234-1234-1234',
  time: '2018-04-05T03:56:24Z',
  datacontenttype: 'application/avro',
}

describe('CloudEvents in binary mode', () => {
  it('are read from the headers of the Kafka protocol binding', () => {
    expect(readCloudEvent(headersOf(EXAMPLE))).toEqual(EVENT)
  })

  it('are written as those', () => {
    expect(textOf(writeCloudEvent([], EVENT))).toEqual(EXAMPLE)
  })

  it('have extensions, and text beyond ASCII', () => {
    const event = { ...EVENT, traceparent: '00-ab-cd-01', subject: 'Größe 日本' }
    expect(readCloudEvent(writeCloudEvent([], event))).toEqual(event)
  })

  it('are of version 1.0 unless they say otherwise, and omit what is undefined', () => {
    const written = writeCloudEvent([], { id: '1', source: '/s', type: 't', time: undefined })
    expect(textOf(written)).toEqual({ ce_specversion: '1.0', ce_id: '1', ce_source: '/s', ce_type: 't' })
    expect(textOf(writeCloudEvent([], { ...EVENT, specversion: '1.1' })).ce_specversion).toBe('1.1')
  })

  it('keep the other headers, and take nothing over from an event that was there', () => {
    const before = headersOf({ trace: 'x', ...EXAMPLE, ce_subject: 'old' })
    const written = writeCloudEvent(before, { id: '2', source: '/s', type: 't' })
    expect(written.map(([name]) => name)).toEqual(['trace', 'ce_specversion', 'ce_id', 'ce_source', 'ce_type'])
    expect(before).toHaveLength(8)
  })

  it('are none without ce_specversion: plain records, and events in structured mode', () => {
    expect(readCloudEvent([])).toBeNull()
    expect(readCloudEvent(headersOf({ 'content-type': 'application/cloudevents+json', ce_id: '1' }))).toBeNull()
  })

  it.each(['application/cloudevents+json; charset=UTF-8', 'application/CloudEvents', 'Application/cloudevents+avro'])(
    'are none in structured mode that repeats the attributes as headers: %s',
    (type) => {
      expect(readCloudEvent(headersOf({ ...EXAMPLE, 'content-type': type }))).toBeNull()
      expect(() => writeCloudEvent([], { ...EVENT, datacontenttype: type })).toThrow('give the type of the data')
    },
  )

  it('have no attributes of names that are not allowed, whose headers stay', () => {
    const others = headersOf({ ce_: 'x', 'ce_trace-id': 'x', ce_data: 'x', CE_subject: 'x', 'Content-Type': 'x' })
    const event = readCloudEvent([...headersOf(EXAMPLE), ...others])!
    expect(event).toEqual(EVENT)
    expect(writeCloudEvent(others, event).slice(0, others.length)).toEqual(others)
  })

  it('have the last of several headers of a name', () => {
    expect(readCloudEvent([...headersOf(EXAMPLE), ...headersOf({ ce_id: '2' })])?.id).toBe('2')
  })

  it('are an error if they lack what an event must have', () => {
    expect(() => readCloudEvent(headersOf({ ce_specversion: '1.0', ce_id: '', ce_type: 't' }))).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZATION_FAILED',
        message: expect.stringContaining('lacks ce_id, ce_source') as string,
      }),
    )
  })

  it.each([
    [{ id: '', source: '/s', type: 't' }, 'needs id'],
    [{ id: '1' }, 'needs source, type'],
    [{ id: '1', source: '/s', type: 't', Trace: 'x' }, 'has no attribute "Trace"'],
    [{ id: '1', source: '/s', type: 't', data: 'x' }, 'has no attribute "data"'],
    [{ id: '1', source: '/s', type: 't', time: new Date(0) }, 'needs time as text, and got object'],
  ])('are not written with attributes that are not allowed: %j', (event, problem) => {
    expect(() => writeCloudEvent([], event as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(problem) as string }),
    )
  })
})
