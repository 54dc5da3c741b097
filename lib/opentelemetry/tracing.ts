import type { RecordTracing, TracedRecord } from '../observe/tracing'
import type { RecordHeaders } from '../record/headers'

const SPAN_KIND_CONSUMER = 4
const STATUS_ERROR = 2

/** The part of a `Span` of `@opentelemetry/api` that is used. */
export interface TracingSpan {
  /** Notes an error. */
  recordException(error: Error): void
  /** Says how it went. */
  setStatus(status: { code: number; message: string }): unknown
  /** It is over. */
  end(): void
}

/** The part of a `Tracer` of `@opentelemetry/api` that is used. */
export interface SpanTracer {
  /** A span within a context. */
  startSpan(
    name: string,
    options: { kind: number; attributes: Record<string, string | number> },
    context: never,
  ): TracingSpan
}

/** The part of the module `@opentelemetry/api` that is used. */
export interface OpenTelemetryApi {
  /** Its `trace`. */
  readonly trace: {
    /** A tracer of the provider that is registered. */
    getTracer(name: string): SpanTracer
    /** A context with that span. */
    setSpan(context: never, span: never): unknown
  }
  /** Its `context`. */
  readonly context: {
    /** The current one. */
    active(): unknown
    /** Calls `work` within a context. */
    with(context: never, work: () => void): void
  }
  /** Its `propagation`. */
  readonly propagation: {
    /** Reads the context that a carrier has. */
    extract(context: never, carrier: never, getter: never): unknown
    /** Writes a context into a carrier. */
    inject(context: never, carrier: never): void
  }
}

/**
 * Traces records with OpenTelemetry: each that a task reads is a span, which continues the trace that the record's headers name
 * (`traceparent`), and what the task writes for it names that span in its headers. Which spans are kept is up to the sampler of
 * your tracer's provider.
 *
 * @example
 * // import * as api from '@opentelemetry/api'
 * const streams = new KafkaStreams(topology, { ...config, tracing: recordTracing(api) })
 */
export const recordTracing = (api: OpenTelemetryApi): RecordTracing => new OpenTelemetryTracing(api)

class OpenTelemetryTracing implements RecordTracing {
  readonly #api: OpenTelemetryApi
  readonly #tracer: SpanTracer
  /** Of the record that is being processed: it is known without a context manager, too. */
  #context: unknown

  constructor(api: OpenTelemetryApi) {
    this.#api = api
    this.#tracer = api.trace.getTracer('millrace')
  }

  process(record: TracedRecord, work: () => unknown): void {
    const { context, trace } = this.#api
    const parent = this.#parentOf(record)
    const span = this.#tracer.startSpan(
      `process ${record.topic}`,
      { kind: SPAN_KIND_CONSUMER, attributes: attributesOf(record) },
      parent as never,
    )
    const own = trace.setSpan(parent as never, span as never)
    this.#context = own
    try {
      context.with(own as never, () => note(span, work()))
    } finally {
      this.#context = undefined
      span.end()
    }
  }

  inject(headers: RecordHeaders): RecordHeaders {
    const fields: Record<string, string> = {}
    const context = this.#context ?? this.#api.context.active()
    this.#api.propagation.inject(context as never, fields as never)
    const names = Object.keys(fields)
    if (names.length === 0) return headers
    return [
      ...headers.filter(([name]) => !names.includes(name)),
      ...names.map((name) => [name, Buffer.from(fields[name]!)] as const),
    ]
  }

  /** Some propagators throw for a malformed header, such as `baggage: a=%`: the record then begins a trace, and is processed. */
  #parentOf({ headers }: TracedRecord): unknown {
    const { context, propagation } = this.#api
    const active = context.active()
    try {
      return propagation.extract(active as never, headers as never, HEADERS as never)
    } catch {
      return active
    }
  }
}

const note = (span: TracingSpan, failure: unknown): void => {
  if (failure === undefined) return
  const error = failure instanceof Error ? failure : new Error(String(failure))
  span.recordException(error)
  span.setStatus({ code: STATUS_ERROR, message: error.message })
}

const attributesOf = ({ applicationId, taskId, topic, partition, offset }: TracedRecord) => ({
  'messaging.system': 'kafka',
  'messaging.operation.type': 'process',
  'messaging.operation.name': 'process',
  'messaging.destination.name': topic,
  'messaging.destination.partition.id': String(partition),
  'messaging.kafka.offset': offset,
  'messaging.consumer.group.name': applicationId,
  'millrace.task.id': taskId,
})

/** Reads the last header of a name, as Kafka's own clients do. */
const HEADERS = {
  keys: (headers: RecordHeaders): string[] => headers.map(([name]) => name),
  get: (headers: RecordHeaders, wanted: string): string | undefined =>
    headers.findLast(([name]) => name === wanted)?.[1]?.toString(),
}
