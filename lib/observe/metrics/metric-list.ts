import type { Metric, MetricGroup } from './metric'
import type { Stat } from './stat'

type Tags = Readonly<Record<string, string>>

/** Collects metrics of one group and its tags, with Kafka Streams' names and descriptions. */
export class MetricList {
  constructor(
    private readonly metrics: Metric[],
    private readonly group: MetricGroup,
    private readonly tags: Tags,
  ) {}

  /** The same list, of metrics with these tags besides. */
  with(tags: Tags): MetricList {
    return new MetricList(this.metrics, this.group, { ...this.tags, ...tags })
  }

  gauge(name: string, description: string, value: number): this {
    return this.#add(name, description, 'gauge', value)
  }

  counter(name: string, description: string, value: number): this {
    return this.#add(name, description, 'counter', value)
  }

  text(name: string, description: string, value: string): this {
    return this.#add(name, description, 'text', value)
  }

  /** `-rate` and `-total` of how many there were. */
  rateAndTotal(name: string, what: string, { rate, total }: Pick<Stat, 'rate' | 'total'>): this {
    this.gauge(`${name}-rate`, `The average per-second number of ${what}`, rate)
    return this.counter(`${name}-total`, `The total number of ${what}`, total)
  }

  /** `-avg` and `-max`. */
  avgAndMax(name: string, what: string, { avg, max }: Pick<Stat, 'avg' | 'max'>): this {
    this.gauge(`${name}-avg`, `The average ${what}`, avg)
    return this.gauge(`${name}-max`, `The maximum ${what}`, max)
  }

  #add(name: string, description: string, kind: Metric['kind'], value: number | string): this {
    const { group, tags } = this
    this.metrics.push({ name, group, tags, description, kind, value })
    return this
  }
}
