import type { Metric } from '../observe/metrics/metric'
import { isForPrometheus, prometheusName, type Sample, sampleOf } from './prometheus-names'

/** An instance of `KafkaStreams`, or a `TopologyTestDriver`. */
export interface MetricsSource {
  /** What it measures, as it is now. */
  metrics(): readonly Metric[]
}

/** The content type of `prometheusText`. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: Sample[]
}

/**
 * What an instance measures, in Prometheus' text format, for an endpoint that Prometheus scrapes. `listen` and `createHandler`
 * of `millrace/http` have it under `/metrics`.
 *
 * @example
 * fastify.get('/metrics', (_, reply) => reply.type(PROMETHEUS_CONTENT_TYPE).send(prometheusText(streams)))
 */
export const prometheusText = (streams: MetricsSource): string => {
  const families = new Map<string, Family>()
  for (const metric of streams.metrics()) {
    if (!isForPrometheus(metric)) continue
    const name = prometheusName(metric)
    let family = families.get(name)
    if (family === undefined) {
      const type = metric.kind === 'counter' ? 'counter' : 'gauge'
      families.set(name, (family = { name, help: metric.description, type, samples: [] }))
    }
    family.samples.push(sampleOf(metric))
  }
  return [...families.values()].map(familyText).join('')
}

const familyText = ({ name, help, type, samples }: Family): string => {
  const lines = samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${numberText(value)}\n`)
  return `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

const labelsText = (labels: Readonly<Record<string, string>>): string => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escapedHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')

const escaped = (text: string): string => escapedHelp(text).replaceAll('"', '\\"')

const numberText = (value: number): string =>
  value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value)
