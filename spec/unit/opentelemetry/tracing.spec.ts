import * as api from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { recordTracing } from 'millrace/opentelemetry'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { logAndContinue } from '../../../lib/handlers'
import type { RecordHeaders } from '../../../lib/record/headers'
import * as serdes from '../../../lib/serdes'
import { TimeWindows } from '../../../lib/dsl/windows/time-windows'
import { untilWindowCloses } from '../../../lib/dsl/suppressed'
import { TopologyTestDriver } from '../../../lib/testing'
import type { TestDriverConfig } from '../../../lib/testing'
import type { Topology } from '../../../lib/topology/topology'

const text = { key: serdes.string(), value: serdes.string() }
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`

const OTHER = '00-11111111111111111111111111111111-2222222222222222-01'

const traced = (traceparent: string): RecordHeaders => [['traceparent', Buffer.from(traceparent)]]

const exporter = new InMemorySpanExporter()
let driver: TopologyTestDriver

beforeAll(() => {
  api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator())
})
afterAll(() => {
  api.trace.disable()
  api.propagation.disable()
})
afterEach(async () => {
  await driver.close()
  exporter.reset()
})

const drive = (topology: Topology, config: TestDriverConfig = {}): void => {
  driver = new TopologyTestDriver(topology, { tracing: recordTracing(api), logLevel: 'silent', ...config })
}

const repartitioned = (): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .selectKey((value) => {
      if (value === 'boom') throw new Error('boom!')
      return value
    })
    .repartition({ name: 'by-value', ...text })
    .to('out', text)
  return builder.build()
}

const pipe = (value: string, headers: RecordHeaders = []): Promise<void> =>
  driver.inputTopic('in', text).pipe('k', value, { headers })

const traceparentsIn = (topic: string): unknown[] =>
  driver
    .produced()
    .filter((record) => record.topic === topic)
    .map(({ headers }) => headers.filter(([name]) => name === 'traceparent').map(([, value]) => value?.toString()))

it('makes a span of each record that is read, in the trace that its headers name', async () => {
  drive(repartitioned())
  await pipe('x', [['traceparent', Buffer.from(PARENT)]])
  const [first, second, ...others] = exporter.getFinishedSpans()
  expect(others).toEqual([])
  expect(first!.spanContext().traceId).toBe(TRACE)
  expect(first!.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
  expect(first).toMatchObject({
    name: 'process in',
    kind: api.SpanKind.CONSUMER,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.destination.name': 'in',
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
      'messaging.consumer.group.name': 'test-driver',
    },
  })
  expect(second!.name).toBe('process test-driver-by-value-repartition')
  expect(second!.parentSpanContext?.spanId).toBe(first!.spanContext().spanId)
})

it('names its span in the headers of what is written, and keeps the other headers', async () => {
  drive(repartitioned())
  await pipe('x', [
    ['traceparent', Buffer.from(PARENT)],
    ['source', Buffer.from('web')],
  ])
  const produced = driver.produced()
  const [, second] = exporter.getFinishedSpans()
  const out = produced.find(({ topic }) => topic === 'out')!
  expect(out.headers).toEqual([
    ['source', Buffer.from('web')],
    ['traceparent', Buffer.from(`00-${TRACE}-${second!.spanContext().spanId}-01`)],
  ])
})

it('begins a trace for a record without one', async () => {
  drive(repartitioned())
  await pipe('x')
  await pipe('y')
  const traces = exporter.getFinishedSpans().map((span) => span.spanContext().traceId)
  expect(new Set(traces).size).toBe(2)
  expect(traceparentsIn('out')).toEqual([[expect.stringContaining(traces[0]!)], [expect.stringContaining(traces[2]!)]])
})

it('begins a trace for a record whose headers the propagator refuses', async () => {
  const extract = jest.spyOn(api.propagation, 'extract').mockImplementation(() => decodeURIComponent('%') as never)
  drive(repartitioned())
  await pipe('x', [['baggage', Buffer.from('a=%')]])
  extract.mockRestore()
  const [first] = exporter.getFinishedSpans()
  expect(first!.parentSpanContext).toBeUndefined()
  expect(traceparentsIn('out')).toHaveLength(1)
})

it('notes in the span what has failed', async () => {
  drive(repartitioned())
  await expect(pipe('boom')).rejects.toThrow(/boom!/)
  const [span] = exporter.getFinishedSpans()
  expect(span!.status).toMatchObject({ code: api.SpanStatusCode.ERROR, message: expect.stringContaining('boom!') })
  expect(span!.events).toEqual([expect.objectContaining({ name: 'exception' })])
})

it('does not fail a span of a record that a handler skips', async () => {
  drive(repartitioned(), { processingExceptionHandler: logAndContinue() })
  await pipe('boom')
  expect(exporter.getFinishedSpans().map(({ status }) => status.code)).toEqual([api.SpanStatusCode.UNSET])
})

it('leaves the headers alone of what a cache writes out later', async () => {
  const builder = new StreamsBuilder()
  builder.table('in', text, 'rows').toStream().to('out', text)
  drive(builder.build())
  await pipe('x', [['traceparent', Buffer.from(PARENT)]])
  expect(traceparentsIn('out')).toEqual([[PARENT]])
})

it('traces nothing unless it is asked to', async () => {
  drive(repartitioned(), { tracing: undefined as never })
  await pipe('x', [['traceparent', Buffer.from(PARENT)]])
  expect(exporter.getFinishedSpans()).toEqual([])
  expect(traceparentsIn('out')).toEqual([[PARENT]])
})

it.each([0, 1 << 20])(
  'leaves the headers alone of what a window emits when another record closes it (cache of %d bytes)',
  async (statestoreCacheMaxBytes) => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 1000 }))
      .count()
      .suppress(untilWindowCloses())
      .toStream((_, { key }) => key)
      .mapValues(String)
      .to('out', text)
    drive(builder.build(), { statestoreCacheMaxBytes })
    const input = driver.inputTopic('in', text)
    await input.pipe('k', 'x', { headers: traced(PARENT), timestamp: 0 })
    await input.pipe('other', 'y', { headers: traced(OTHER), timestamp: 5000 })
    expect(traceparentsIn('out')).toEqual([[PARENT]])
  },
)
