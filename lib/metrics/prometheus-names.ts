import { METRICS } from '../observe/metrics/catalog'
import type { Metric, MetricGroup } from '../observe/metrics/metric'

interface NamedMetric {
  readonly group: MetricGroup
  readonly name: string
}

/**
 * Prometheus' name of a metric: the one that its JMX exporter gives to the same metric of a Java application when it has no
 * rules, so that dashboards made for those work.
 */
export const prometheusName = ({ group, name }: NamedMetric): string =>
  NAMES.get(group)?.get(name) ?? newName({ group, name })

/** A name or a label's name, of which Prometheus takes letters, digits and underscores. */
export const withUnderscores = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_')

const newName = ({ group, name }: NamedMetric): string => {
  const domain = group.startsWith('consumer-') ? 'kafka_consumer' : 'kafka_streams'
  return withUnderscores(`${domain}_${group}_${name}`)
}

/** By group and name, of every metric that there is: a scrape asks for them thousands of times. */
const NAMES: ReadonlyMap<MetricGroup, ReadonlyMap<string, string>> = new Map(
  [...new Set(METRICS.map(({ group }) => group))].map((group) => [
    group,
    new Map(METRICS.filter((metric) => metric.group === group).map((metric) => [metric.name, newName(metric)])),
  ]),
)

/** A text of many lines is no label. */
export const isForPrometheus = ({ name }: { readonly name: string }): boolean => name !== 'topology-description'

/** A metric as Prometheus has it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A text is the label of a metric that is always 1. */
export const sampleOf = ({ name, tags, value }: Metric): Sample => {
  const labels: Record<string, string> = {}
  for (const [tag, text] of Object.entries(tags)) labels[withUnderscores(tag)] = text
  if (typeof value === 'number') return { labels, value }
  labels[withUnderscores(name)] = value
  return { labels, value: 1 }
}
