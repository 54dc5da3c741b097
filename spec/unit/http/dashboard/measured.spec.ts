import { measuredOf } from '../../../../lib/http/dashboard/measured'
import type { Metric } from '../../../../lib/observe/metrics/metric'

const metric = (name: string, value: number | string, tags: Record<string, string> = {}): Metric => ({
  name,
  group: 'stream-metrics',
  tags,
  description: '',
  kind: 'gauge',
  value,
})

const ofTask = (name: string, value: number, taskId: string, operator = 'sink'): Metric =>
  metric(name, value, { 'task-id': taskId, 'processor-node-id': operator })

describe('what the metrics say of an instance', () => {
  it('sums the records of an operator over its tasks, and has its latency', () => {
    const { operators } = measuredOf([
      ofTask('records-produced-total', 3, '0_0'),
      ofTask('records-produced-total', 4, '0_1'),
      ofTask('process-total', 100, '0_0'),
      ofTask('record-e2e-latency-avg', 10, '0_0'),
      ofTask('record-e2e-latency-avg', 20, '0_1'),
      ofTask('record-e2e-latency-max', 50, '0_0'),
      ofTask('record-e2e-latency-max', 70, '0_1'),
      ofTask('process-total', 5, '0_0', 'filter'),
    ])
    expect(operators).toEqual([
      { name: 'sink', records: 7, latencyAvgMs: 15, latencyMaxMs: 70 },
      { name: 'filter', records: 5 },
    ])
  })

  it('has the delay of the event loop and the recommended replicas', () => {
    expect(
      measuredOf([metric('recommended-replicas', 1.5), metric('event-loop-delay-p99', 3), metric('state', 'RUNNING')]),
    ).toEqual({ operators: [], recommendedReplicas: 1.5, eventLoopDelayMs: 3 })
  })

  it('has nothing that was not measured', () => {
    expect(measuredOf([ofTask('record-e2e-latency-avg', NaN, '0_0'), metric('event-loop-delay-p99', NaN)])).toEqual({
      operators: [],
      recommendedReplicas: null,
      eventLoopDelayMs: null,
    })
    expect(measuredOf([])).toEqual({ operators: [], recommendedReplicas: null, eventLoopDelayMs: null })
  })
})
