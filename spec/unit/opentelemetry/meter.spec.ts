import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { observeMetrics } from 'millrace/opentelemetry'
import type { Metric } from '../../../lib/observe/metrics/metric'

class Reader extends MetricReader {
  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}

interface Point {
  readonly name: string
  readonly unit: string
  readonly value: unknown
  readonly attributes: object
}

let reader: Reader
let provider: MeterProvider

beforeEach(() => {
  reader = new Reader()
  provider = new MeterProvider({ readers: [reader] })
})
afterEach(() => provider.shutdown())

const collect = async (): Promise<Point[]> => {
  const { resourceMetrics, errors } = await reader.collect()
  expect(errors).toEqual([])
  return resourceMetrics.scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .flatMap(({ descriptor: { name, unit }, dataPoints }) =>
      dataPoints.map(({ value, attributes }) => ({ name, unit, value, attributes })),
    )
}

const metric = (of: Partial<Metric>): Metric => ({
  name: 'commit-total',
  group: 'stream-thread-metrics',
  tags: { 'thread-id': 't' },
  description: '',
  kind: 'counter',
  value: 3,
  ...of,
})

it('observes counters, gauges and texts whenever a reader collects', async () => {
  let value = 1
  const metrics = (): Metric[] => [
    metric({ value }),
    metric({ name: 'commit-latency-avg', kind: 'gauge', value: value / 2 }),
    metric({ name: 'records-lag', group: 'consumer-fetch-manager-metrics', kind: 'gauge', tags: { topic: 'in' } }),
    metric({ name: 'state', group: 'stream-metrics', kind: 'text', tags: { 'client-id': 'c' }, value: 'RUNNING' }),
  ]
  observeMetrics({ metrics }, provider.getMeter('test'))
  const attributes = { 'thread-id': 't' }
  expect(await collect()).toEqual(
    expect.arrayContaining([
      { name: 'kafka.stream.thread.commit_total', unit: '', value: 1, attributes },
      { name: 'kafka.stream.thread.commit_latency_avg', unit: 'ms', value: 0.5, attributes },
      { name: 'kafka.consumer.records_lag', unit: '', value: 3, attributes: { topic: 'in' } },
      { name: 'kafka.stream.state', unit: '', value: 1, attributes: { 'client-id': 'c', state: 'RUNNING' } },
    ]),
  )
  value = 10
  expect((await collect()).find(({ name }) => name === 'kafka.stream.thread.commit_total')?.value).toBe(10)
})

it('observes nothing of what nothing was measured of, nor the description of the topology', async () => {
  const metrics = (): Metric[] => [
    metric({ name: 'commit-latency-avg', kind: 'gauge', value: NaN }),
    metric({ name: 'topology-description', group: 'stream-metrics', kind: 'text', value: 'x' }),
  ]
  observeMetrics({ metrics }, provider.getMeter('test'))
  expect(await collect()).toEqual([])
})

it('ends when it is told to', async () => {
  const metrics = jest.fn(() => [metric({})])
  const stop = observeMetrics({ metrics }, provider.getMeter('test'))
  await collect()
  expect(metrics).toHaveBeenCalledTimes(1)
  stop()
  await collect()
  expect(metrics).toHaveBeenCalledTimes(1)
})
