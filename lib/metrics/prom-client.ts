import { METRICS } from '../observe/metrics/catalog'
import { isForPrometheus, prometheusName, type Sample, sampleOf } from './prometheus-names'
import type { MetricsSource } from './prometheus-text'

/** The part of a registry of `prom-client` that is used. */
export interface PromRegistry {
  /** Adds a metric; throws if it has one of that name. */
  registerMetric(metric: never): void
  /** Removes a metric. */
  removeSingleMetric(name: string): void
}

/** As `prom-client` asks for it in each scrape. */
interface PromMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly aggregator: 'sum'
  readonly values: Sample[]
}

/**
 * Adds what an instance measures to your own registry of `prom-client`, beside what you measure yourself. Values are read
 * when the registry is. Returns the function that removes them. A registry takes one instance.
 *
 * @example
 * // register is prom-client's own
 * registerMetrics(streams, register)
 * fastify.get('/metrics', (_, reply) => reply.type(register.contentType).send(register.metrics()))
 */
export const registerMetrics = (streams: MetricsSource, registry: PromRegistry): (() => void) => {
  const names: string[] = []
  const read = oncePerScrape(streams)
  for (const definition of METRICS.filter(isForPrometheus)) {
    const { description, kind } = definition
    const name = prometheusName(definition)
    const type = kind === 'counter' ? 'counter' : 'gauge'
    const metric = {
      name,
      help: description,
      type,
      get: async (): Promise<PromMetric> => {
        const values = (await read()).get(name) ?? []
        // in the OpenMetrics format, the registry has renamed counters
        return { name: metric.name, help: description, type, aggregator: 'sum', values }
      },
      reset: () => {},
    }
    registry.registerMetric(metric as never)
    names.push(name)
  }
  return () => {
    for (const name of names) registry.removeSingleMetric(name)
  }
}

/** The registry asks for one metric after another in the same turn of the event loop: they are read together. */
const oncePerScrape = (streams: MetricsSource): (() => Promise<ReadonlyMap<string, Sample[]>>) => {
  let reading: Promise<ReadonlyMap<string, Sample[]>> | undefined
  return () =>
    (reading ??= Promise.resolve().then(() => {
      reading = undefined
      return samplesByName(streams)
    }))
}

const samplesByName = (streams: MetricsSource): ReadonlyMap<string, Sample[]> => {
  const byName = new Map<string, Sample[]>()
  for (const metric of streams.metrics()) {
    const name = prometheusName(metric)
    const samples = byName.get(name)
    if (samples === undefined) byName.set(name, [sampleOf(metric)])
    else samples.push(sampleOf(metric))
  }
  return byName
}
