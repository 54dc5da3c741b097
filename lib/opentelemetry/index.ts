/** Metrics and traces for OpenTelemetry. What is needed of `@opentelemetry/api` is given: nothing here loads it. */
export { type ObservableInstrument, type ObservationResult, type ObservingMeter, observeMetrics } from './meter'
export { type OpenTelemetryApi, recordTracing, type SpanTracer, type TracingSpan } from './tracing'
export type { MetricsSource } from '../metrics/prometheus-text'
export type { RecordTracing } from '../observe/tracing'
