import * as api from '@opentelemetry/api'
import { type OpenMetricsContentType, Registry } from 'prom-client'
import type { DiagnosticsMessages, KafkaStreams, Metric, StreamsConfig } from 'millrace'
import { prometheusText, registerMetrics } from 'millrace/metrics'
import { observeMetrics, recordTracing } from 'millrace/opentelemetry'
import type { TopologyTestDriver } from 'millrace/testing'

declare const streams: KafkaStreams
declare const driver: TopologyTestDriver
declare const metric: Metric
declare const failed: DiagnosticsMessages['millrace:error']

// an instance and a test driver are sources of metrics
const texts: string[] = [prometheusText(streams), prometheusText(driver)]
void texts

// the real libraries fit, and what is no registry or meter does not
const ends: (() => void)[] = [
  registerMetrics(streams, new Registry()),
  registerMetrics(streams, new Registry<OpenMetricsContentType>()),
  observeMetrics(streams, api.metrics.getMeter('test')),
]
void ends
// @ts-expect-error 'register' does not exist in type 'PromRegistry'
registerMetrics(streams, { register: () => {} })
// @ts-expect-error Argument of type 'Tracer' is not assignable to parameter of type 'ObservingMeter'
observeMetrics(streams, api.trace.getTracer('test'))
// @ts-expect-error Type 'number' is not assignable to type '() => readonly Metric[]'
prometheusText({ metrics: 5 })

const traced: Partial<StreamsConfig> = { tracing: recordTracing(api), metricsRecordingLevel: 'debug' }
void traced
// @ts-expect-error Type '"trace"' is not assignable to type 'MetricsRecordingLevel | undefined'
const trace: Partial<StreamsConfig> = { metricsRecordingLevel: 'trace' }
void trace

// who reads metrics does not change them
// @ts-expect-error Cannot assign to 'value' because it is a read-only property
metric.value = 5
// @ts-expect-error Index signature in type 'Readonly<Record<string, string>>' only permits reading
metric.tags['topic'] = 'other'
const value: number | string = metric.value
void value

const outcome: 'task restarts' | 'all tasks restart' | 'instance ends' = failed.outcome
void outcome
