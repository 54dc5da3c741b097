import { METRICS, type MetricDefinition } from './catalog'
import type { Metric, MetricGroup } from './metric'
import type { Stat } from './stat'

/** By group and name. */
const DEFINITIONS = new Map<MetricGroup, Map<string, MetricDefinition>>()
for (const definition of METRICS) {
  const { group, name } = definition
  let byName = DEFINITIONS.get(group)
  if (byName === undefined) DEFINITIONS.set(group, (byName = new Map()))
  byName.set(name, definition)
}

/** Collects metrics of one group that have the same tags. */
export class MetricList {
  constructor(
    private readonly metrics: Metric[],
    private readonly group: MetricGroup,
    private readonly tags: Readonly<Record<string, string>>,
  ) {}

  /** The same list, for metrics that have these tags as well. */
  with(tags: Readonly<Record<string, string>>): MetricList {
    return new MetricList(this.metrics, this.group, { ...this.tags, ...tags })
  }

  add(name: string, value: number | string): this {
    const { group, tags } = this
    const { description, kind } = DEFINITIONS.get(group)!.get(name)!
    this.metrics.push({ name, group, tags, description, kind, value })
    return this
  }

  /** `-rate` and `-total` of how many there were. */
  rateAndTotal(name: string, { rate, total }: Pick<Stat, 'rate' | 'total'>): this {
    return this.add(`${name}-rate`, rate).add(`${name}-total`, total)
  }

  avgAndMax(name: string, { avg, max }: Pick<Stat, 'avg' | 'max'>): this {
    return this.add(`${name}-avg`, avg).add(`${name}-max`, max)
  }
}
