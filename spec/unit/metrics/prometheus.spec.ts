import { Gauge, type OpenMetricsContentType, Registry } from 'prom-client'
import { prometheusText, registerMetrics } from 'millrace/metrics'
import { prometheusParts } from '../../../lib/metrics/prometheus-text'
import { METRICS } from '../../../lib/observe/metrics/catalog'
import type { Metric } from '../../../lib/observe/metrics/metric'

const metric = (of: Partial<Metric> = {}): Metric => ({
  name: 'commit-total',
  group: 'stream-thread-metrics',
  tags: { 'thread-id': 'app-StreamThread-1' },
  description: 'The total number of calls to commit',
  kind: 'counter',
  value: 3,
  ...of,
})

const instance = (...metrics: Metric[]): { metrics(): readonly Metric[] } => ({ metrics: () => metrics })

interface Parsed {
  readonly name: string
  readonly labels: Record<string, string>
  readonly value: string
}

/** As Prometheus reads its text format, character by character; throws where it would. */
const parse = (text: string): Parsed[] => {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
      if (name === undefined) throw new Error(`no name: ${line}`)
      const labels: Record<string, string> = {}
      let at = name.length
      if (line[at] === '{') {
        at++
        while (line[at] !== '}') {
          const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="/.exec(line.slice(at))
          if (label === null) throw new Error(`no label at ${at}: ${line}`)
          at += label[0].length
          let value = ''
          for (; line[at] !== '"'; at++) {
            if (line[at] === undefined) throw new Error(`a label does not end: ${line}`)
            if (line[at] === '\\') value += { n: '\n', '"': '"', '\\': '\\' }[line[++at]!] ?? 'invalid'
            else value += line[at]
          }
          at++
          labels[label[1]!] = value
          if (line[at] === ',') at++
        }
        at++
      }
      const value = line.slice(at)
      if (!/^ ([Nn]a[Nn]|[+-]Inf|-?\d+(\.\d+)?(e[+-]\d+)?)$/.test(value)) throw new Error(`no value: ${line}`)
      // prom-client writes Nan, and Prometheus takes any case
      return { name, labels, value: value.trim().replace('Nan', 'NaN') }
    })
}

describe('the text format', () => {
  it('has the names, labels and types that the JMX exporter gives to those of a Java application', () => {
    expect(prometheusText(instance(metric()))).toBe(
      '# HELP kafka_streams_stream_thread_metrics_commit_total The total number of calls to commit\n' +
        '# TYPE kafka_streams_stream_thread_metrics_commit_total counter\n' +
        'kafka_streams_stream_thread_metrics_commit_total{thread_id="app-StreamThread-1"} 3\n',
    )
    const lag = metric({ name: 'records-lag', group: 'consumer-fetch-manager-metrics', kind: 'gauge', tags: {} })
    expect(prometheusText(instance(lag))).toContain('\nkafka_consumer_consumer_fetch_manager_metrics_records_lag 3\n')
  })

  it('has what belongs to one name in one place', () => {
    const text = prometheusText(
      instance(
        metric({ tags: { 'thread-id': 'a' } }),
        metric({ name: 'poll-total' }),
        metric({ tags: { 'thread-id': 'b' } }),
      ),
    )
    expect(text.match(/# TYPE/g)).toHaveLength(2)
    expect(parse(text).map(({ labels }) => labels['thread_id'])).toEqual(['a', 'b', 'app-StreamThread-1'])
  })

  it.each(['"', '\\', '\n', '\\n"', '} 1\nhacked{a="', '\\"', 'ü€😀', '', ' ', '{},=', '\r\n', '# HELP'])(
    'gives a label with %j back as it is',
    (hostile) => {
      const [sample, ...rest] = parse(prometheusText(instance(metric({ tags: { 'processor-node-id': hostile } }))))
      expect(rest).toEqual([])
      expect(sample!.labels).toEqual({ processor_node_id: hostile })
    },
  )

  it('escapes lines of a description', () => {
    const text = prometheusText(instance(metric({ description: 'a\nb\\c "d"' })))
    expect(text.split('\n')[0]).toBe('# HELP kafka_streams_stream_thread_metrics_commit_total a\\nb\\\\c "d"')
  })

  it.each([
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [1e21, '1e+21'],
    [0.5, '0.5'],
  ])('writes %d as %s', (value, text) => {
    expect(parse(prometheusText(instance(metric({ value }))))[0]!.value).toBe(text)
  })

  it('has a text as the label of a 1, but for the description of the topology', () => {
    const state = metric({ name: 'state', group: 'stream-metrics', kind: 'text', tags: {}, value: 'RUNNING' })
    const description = metric({ name: 'topology-description', group: 'stream-metrics', kind: 'text', value: 'x\ny' })
    expect(parse(prometheusText(instance(state, description)))).toEqual([
      { name: 'kafka_streams_stream_metrics_state', labels: { state: 'RUNNING' }, value: '1' },
    ])
  })

  it('is made in parts of some kilobytes, which are one text', () => {
    const metrics = Array.from({ length: 3000 }, (_, i) => metric({ tags: { 'task-id': `0_${i}` }, value: i }))
    const parts = [...prometheusParts(instance(...metrics))]
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(70_000)
    expect(parts.join('')).toBe(prometheusText(instance(...metrics)))
    expect(parse(parts.join('')).map(({ labels, value }) => [labels['task_id'], value])).toEqual(
      metrics.map(({ tags, value }) => [tags['task-id'], String(value)]),
    )
  })

  it('names what is in no catalogue', () => {
    const own = metric({ name: 'my.own-total', tags: { 'my-tag': 'x' } })
    expect(prometheusText(instance(own))).toContain('kafka_streams_stream_thread_metrics_my_own_total{my_tag="x"} 3')
  })

  it('is empty where nothing is measured', () => {
    expect(prometheusText(instance())).toBe('')
  })

  it('has no two metrics of one name', () => {
    const ids = METRICS.map(({ group, name }) => `${group} ${name}`)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('a registry of prom-client', () => {
  const everything = [
    metric({ tags: { 'thread-id': 'a"b\\c\nd' } }),
    metric({ name: 'state', group: 'stream-metrics', kind: 'text', tags: { 'client-id': 'c' }, value: 'RUNNING' }),
    metric({ name: 'commit-latency-max', kind: 'gauge', value: NaN }),
    metric({ name: 'topology-description', group: 'stream-metrics', kind: 'text', value: 'x\ny' }),
  ]

  it('has what prometheusText has, beside its own', async () => {
    const registry = new Registry()
    new Gauge({ name: 'own', help: 'own', registers: [registry] }).set(1)
    registerMetrics(instance(...everything), registry)
    const ours = parse(prometheusText(instance(...everything)))
    const all = parse(await registry.metrics())
    expect(all).toHaveLength(ours.length + 1)
    expect(all).toEqual(expect.arrayContaining([...ours, { name: 'own', labels: {}, value: '1' }]))
  })

  it('has names that the OpenMetrics format allows', async () => {
    const registry = new Registry<OpenMetricsContentType>()
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    registerMetrics(instance(metric()), registry)
    const text = await registry.metrics()
    expect(text).toContain('# TYPE kafka_streams_stream_thread_metrics_commit counter\n')
    expect(text).toContain('\nkafka_streams_stream_thread_metrics_commit_total{thread_id="app-StreamThread-1"} 3\n')
  })

  it('reads the instance once for each scrape', async () => {
    const registry = new Registry()
    const metrics = jest.fn(() => everything)
    registerMetrics({ metrics }, registry)
    await registry.metrics()
    expect(metrics).toHaveBeenCalledTimes(1)
    await registry.metrics()
    expect(metrics).toHaveBeenCalledTimes(2)
  })

  it('fails where the registry has an instance already, and can be left', async () => {
    const registry = new Registry()
    const remove = registerMetrics(instance(...everything), registry)
    expect(() => registerMetrics(instance(), registry)).toThrow(/already been registered/)
    remove()
    expect((await registry.metrics()).trim()).toBe('')
    registerMetrics(instance(), registry)
    registry.resetMetrics()
  })
})
