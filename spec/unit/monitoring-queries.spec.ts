import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deadLetterTopic, keyValueStore, serdes, StreamsBuilder } from 'millrace'
import { parse } from 'yaml'
import { METRICS, type MetricDefinition } from '../../lib/observe/metrics/catalog'
import type { Metric } from '../../lib/observe/metrics/metric'
import { prometheusName, sampleOf } from '../../lib/metrics/prometheus-names'
import { EmbeddedApps } from '../support/embedded-apps'

/** A PromQL expression of a file in docker/, with the labels that its legend or its texts show. */
interface Query {
  readonly title: string
  readonly expr: string
  readonly shown: readonly string[]
  /** Of a panel. */
  readonly unit?: string
}

interface Panel {
  readonly title: string
  readonly fieldConfig: { readonly defaults: { readonly unit: string } }
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[]
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly annotations: Readonly<Record<string, string>>
}

const textOf = (file: string): string => readFileSync(join(__dirname, '../../docker', file), 'utf8')
const firstGroups = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1]!)

const PANELS = (JSON.parse(textOf('monitoring/grafana/dashboards/millrace.json')) as { panels: Panel[] }).panels
const RULES = (parse(textOf('monitoring/alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
)
const SCALED_OBJECT = parse(textOf('kubernetes/scaled-object.yaml')) as {
  spec: { triggers: { metadata: { query: string } }[] }
}

const QUERIES: readonly Query[] = [
  ...PANELS.flatMap(({ title, fieldConfig, targets }) =>
    targets.map(({ refId, expr, legendFormat }) => ({
      title: `${title} ${refId}`,
      expr,
      shown: firstGroups(legendFormat, /\{\{(\w+)\}\}/g),
      unit: fieldConfig.defaults.unit,
    })),
  ),
  ...RULES.map(({ alert, expr, annotations }) => ({
    title: alert,
    expr,
    shown: firstGroups(Object.values(annotations).join(), /\$labels\.(\w+)/g),
  })),
  ...SCALED_OBJECT.spec.triggers.map(({ metadata }) => ({ title: 'KEDA', expr: metadata.query, shown: [] })),
]

const METRIC = 'kafka_(?:streams|consumer)_\\w+'
const SELECTOR = `${METRIC}(?:\\{[^}]*\\})?`
const DEFINITIONS = new Map<string, MetricDefinition>(METRICS.map((metric) => [prometheusName(metric), metric]))

/** Finds where the grammar of Prometheus, which is an ES module, does not know how to go on. */
const promqlChecker = async (): Promise<(expr: string) => string[]> => {
  const { parser } = await import('@prometheus-io/lezer-promql')
  return (expr) => {
    // variables of Grafana stand for text
    const query = expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, 'x')
    const errors: string[] = []
    parser.parse(query).iterate({
      enter: ({ type, from }) => {
        if (type.isError) errors.push(`${query.slice(0, from)}⟨here⟩${query.slice(from)}`)
      },
    })
    return errors
  }
}

const metricsIn = (expr: string): string[] => expr.match(new RegExp(`\\b${METRIC}`, 'g')) ?? []
const argumentsOf = (functions: string, expr: string): string[] =>
  firstGroups(expr, new RegExp(`\\b(?:${functions})\\(\\s*(${METRIC})`, 'g'))
/** Of its aggregations, from the outermost. */
const groupingsOf = (expr: string): string[][] =>
  firstGroups(expr, /\bby \(([^)]*)\)/g).map((labels) => labels.split(',').map((label) => label.trim()))

/** The queries that something is wrong with, and what. */
const faults = (queries: readonly Query[], faultsOf: (query: Query) => readonly string[]): Record<string, string[]> =>
  Object.fromEntries(
    queries.map((query) => [query.title, [...faultsOf(query)]]).filter(([, found]) => found!.length > 0),
  )

/** Prometheus' own, of every target that it scrapes. */
const TARGET_LABELS = ['job', 'instance']

describe('the queries of the Grafana dashboard, the alerts and the autoscaler', () => {
  /** Labels by metric: what an application exports that has processed, dropped and dead-lettered records. */
  let exported: Map<string, Set<string>>

  beforeAll(async () => {
    exported = new Map()
    for (const metric of await metricsOfAnApplication()) {
      const name = prometheusName(metric)
      const labels = exported.get(name) ?? new Set(TARGET_LABELS)
      for (const label of Object.keys(sampleOf(metric).labels)) labels.add(label)
      exported.set(name, labels)
    }
  })

  it('are PromQL', async () => {
    const syntaxErrors = await promqlChecker()
    expect(faults(QUERIES, ({ expr }) => syntaxErrors(expr))).toEqual({})
  })

  it.each([
    'sum by (job (up)',
    'sum(rate(up[1m])',
    'up{job="a"',
    'up > > 1',
    'increases(up[1m])',
    'rate(up[1 minute])',
  ])('are told from what is no PromQL, such as %s', async (expr) => {
    const syntaxErrors = await promqlChecker()
    expect(syntaxErrors(expr)).not.toEqual([])
  })

  it('ask for metrics that an application exports', () => {
    expect(QUERIES.filter(({ expr }) => metricsIn(expr).length === 0)).toEqual([])
    expect(faults(QUERIES, ({ expr }) => metricsIn(expr).filter((metric) => !exported.has(metric)))).toEqual({})
  })

  it('select, group by and show labels that the metrics have', () => {
    const unknownLabels = ({ expr, shown }: Query): string[] => {
      const unknown = (labels: readonly string[], metric: string): string[] =>
        labels.filter((label) => !exported.get(metric)!.has(label))
      const selected = [...expr.matchAll(new RegExp(`(${METRIC})\\{([^}]*)\\}`, 'g'))].flatMap(([, metric, matchers]) =>
        unknown(firstGroups(matchers!, /(\w+)\s*(?:=|!)/g), metric!),
      )
      const groupings = groupingsOf(expr)
      const metrics = metricsIn(expr)
      const grouped = metrics.flatMap((metric) => unknown(groupings.flat(), metric))
      const isGrouped = /^(?:\w+\()?\w+ by/.test(expr)
      const lost = isGrouped
        ? shown.filter((label) => !groupings[0]!.includes(label))
        : metrics.flatMap((metric) => unknown(shown, metric))
      return [...selected, ...grouped, ...lost]
    }
    expect(faults(QUERIES, unknownLabels)).toEqual({})
  })

  it('take rates of counters, and derivatives of gauges', () => {
    const kindOf = (metric: string): string => DEFINITIONS.get(metric)!.kind
    const wrong = ({ expr }: Query): string[] => [
      ...argumentsOf('rate|irate|increase', expr).filter((metric) => kindOf(metric) !== 'counter'),
      ...argumentsOf('deriv|delta', expr).filter((metric) => kindOf(metric) !== 'gauge'),
    ]
    expect(faults(QUERIES, wrong)).toEqual({})
  })

  it('add up no average or extreme of nothing, which is NaN', () => {
    const added = `\\b(?:sum|avg)(?: by \\([^)]*\\))? \\((${METRIC}_(?:avg|min|max|p99))(?:\\{[^}]*\\})?\\)`
    expect(faults(QUERIES, ({ expr }) => firstGroups(expr, new RegExp(added, 'g')))).toEqual({})
  })

  it('have panels with the unit of what they draw', () => {
    const unitOf = (expr: string): string => {
      const metrics = metricsIn(expr)
      if (/\brate\(/.test(expr) || metrics.some((metric) => metric.endsWith('_rate'))) return 'recps'
      if (metrics.some((metric) => DEFINITIONS.get(metric)!.unit === 'ms')) return 'ms'
      return metrics.some((metric) => /_ratio(_avg)?$/.test(metric)) ? 'percentunit' : 'short'
    }
    const panels = QUERIES.filter(({ unit }) => unit !== undefined)
    expect(faults(panels, ({ unit, expr }) => (unit === unitOf(expr) ? [] : [unit!]))).toEqual({})
  })

  it('take rates over the range that Grafana derives from the interval of the scrapes', () => {
    const ranges = QUERIES.flatMap(({ expr }) => firstGroups(expr, /\brate\(.*?\[(.*?)\]/g))
    expect(new Set(ranges)).toEqual(new Set(['$__rate_interval']))
    const { global } = parse(textOf('monitoring/prometheus.yaml')) as { global: { scrape_interval: string } }
    expect(parse(textOf('monitoring/grafana/datasources/prometheus.yaml'))).toMatchObject({
      datasources: [{ jsonData: { timeInterval: global.scrape_interval } }],
    })
  })

  it('alert about records that an operator drops before it is first scraped, which are no increase', () => {
    const ofOperators = RULES.filter(({ expr }) => /increase\(.*_processor_node_/.test(expr))
    expect(ofOperators.map(({ alert }) => alert)).toEqual(['RecordsDropped', 'DeadLetters'])
    for (const { expr } of ofOperators) {
      for (const counter of firstGroups(expr, new RegExp(`increase\\((${SELECTOR})`, 'g'))) {
        expect(expr.replace(/\s+/g, ' ')).toContain(`or ${counter} unless last_over_time(${counter}[1d] offset 15m)`)
      }
    }
  })
})

/** Of a topology with a store, a sink and an operator that fails, on a Kafka in memory. */
const metricsOfAnApplication = async (): Promise<readonly Metric[]> => {
  const builder = new StreamsBuilder()
  // tags of stores begin with their kind
  const stores = [keyValueStore('memory', { persistent: false }), keyValueStore('bounded', { maxEntries: 1 })]
  const lines = builder.stream('lines', { key: serdes.string(), value: serdes.string() })
  lines.process(() => ({ process: () => {} }), stores)
  lines
    .mapValues((line) => {
      if (line === 'bad') throw new Error('bad')
      return line
    })
    .groupByKey()
    .count('counts')
    .toStream()
    .to('counted', { key: serdes.string(), value: serdes.long() })
  const apps = new EmbeddedApps({ lines: 1, counted: 1, letters: 1 })
  try {
    const streams = apps.create(builder.build(), { processingExceptionHandler: deadLetterTopic('letters') })
    await streams.start()
    await apps.kafka.produce('lines', [
      { key: 'a', value: 'bad' },
      { key: 'a', value: 'good' },
    ])
    for await (const { key } of apps.kafka.subscribe('counted')) if (key === 'a') break
    return streams.metrics()
  } finally {
    await apps.close()
  }
}
