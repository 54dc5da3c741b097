import type { MetricsSource } from '../metrics/prometheus-text'
import { METRICS, type MetricDefinition } from '../observe/metrics/catalog'
import type { Metric, MetricGroup } from '../observe/metrics/metric'

/** An instrument of a meter. */
export type ObservableInstrument = object

/** What a meter collects observations with. */
export interface ObservationResult {
  /** Observes the value of an instrument now. */
  observe(instrument: never, value: number, attributes: Readonly<Record<string, string>>): void
}

/** The part of a `Meter` of `@opentelemetry/api` that is used. */
export interface ObservingMeter {
  /** For what is at a time. */
  createObservableGauge(name: string, options: { description: string; unit?: string }): ObservableInstrument
  /** For what grows. */
  createObservableCounter(name: string, options: { description: string; unit?: string }): ObservableInstrument
  /** Calls back whenever it collects. */
  addBatchObservableCallback(callback: (result: ObservationResult) => void, instruments: never[]): void
  /** Calls back no longer. */
  removeBatchObservableCallback(callback: (result: ObservationResult) => void, instruments: never[]): void
}

/**
 * Gives what an instance measures to OpenTelemetry, whenever a reader of the meter collects. Returns the function that ends it.
 *
 * @example
 * // metrics is @opentelemetry/api's own
 * observeMetrics(streams, metrics.getMeter('millrace'))
 */
export const observeMetrics = (streams: MetricsSource, meter: ObservingMeter): (() => void) => {
  const instruments = new Instruments(meter)
  const observe = (result: ObservationResult): void => {
    for (const metric of streams.metrics()) {
      const instrument = instruments.of(metric)
      if (instrument !== undefined) observeOne(result, instrument as never, metric)
    }
  }
  const observed = instruments.all as never[]
  meter.addBatchObservableCallback(observe, observed)
  return () => meter.removeBatchObservableCallback(observe, observed)
}

/** One for each metric that there is, found without making its name: a reader that collects asks for them thousands of times. */
class Instruments {
  readonly all: readonly ObservableInstrument[]
  readonly #byGroup = new Map<MetricGroup, Map<string, ObservableInstrument>>()

  constructor(meter: ObservingMeter) {
    const all: ObservableInstrument[] = []
    for (const definition of METRICS) {
      if (definition.name === 'topology-description') continue
      const instrument = instrumentOf(meter, definition)
      all.push(instrument)
      this.#groupOf(definition).set(definition.name, instrument)
    }
    this.all = all
  }

  of({ group, name }: Metric): ObservableInstrument | undefined {
    return this.#byGroup.get(group)?.get(name)
  }

  #groupOf({ group }: MetricDefinition): Map<string, ObservableInstrument> {
    let byName = this.#byGroup.get(group)
    if (byName === undefined) this.#byGroup.set(group, (byName = new Map()))
    return byName
  }
}

const instrumentOf = (meter: ObservingMeter, definition: MetricDefinition): ObservableInstrument => {
  const { description, kind, unit } = definition
  const name = instrumentName(definition)
  const options = { description, ...(unit === undefined ? {} : { unit }) }
  return kind === 'counter' ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options)
}

/** A text is an attribute of a 1; what nothing was measured of is not observed. */
const observeOne = (result: ObservationResult, instrument: never, { name, tags, value }: Metric): void => {
  if (typeof value === 'string') result.observe(instrument, 1, { ...tags, [name]: value })
  else if (!Number.isNaN(value)) result.observe(instrument, value, tags)
}

/** Such as `kafka.stream.thread.commit_latency_avg`. */
const instrumentName = ({ group, name }: MetricDefinition): string =>
  `kafka.${PREFIXES[group]}.${name.replaceAll('-', '_')}`

const PREFIXES: Readonly<Record<MetricGroup, string>> = {
  'stream-metrics': 'stream',
  'stream-thread-metrics': 'stream.thread',
  'stream-task-metrics': 'stream.task',
  'stream-processor-node-metrics': 'stream.processor_node',
  'stream-state-metrics': 'stream.state',
  'stream-record-cache-metrics': 'stream.record_cache',
  'stream-topic-metrics': 'stream.topic',
  'consumer-fetch-manager-metrics': 'consumer',
  'consumer-coordinator-metrics': 'consumer',
}
