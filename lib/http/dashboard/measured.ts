import type { Metric } from '../../observe/metrics/metric'

/** What the metrics of an instance say; nothing if they are off. */
export interface Measured {
  readonly operators: readonly MeasuredOperator[]
  /** Null: not measured. */
  readonly eventLoopDelayMs: number | null
  /** The replicas that its work is worth: the sum over all instances, rounded up, is how many there should be. */
  readonly recommendedReplicas: number | null
}

/** All tasks of the instance together. Absent: not measured at this level. */
export interface MeasuredOperator {
  readonly name: string
  /** Records that it has written, for a sink; else those that it has been given. */
  readonly records?: number
  /** How old its records were when it had processed them, in the last half minute. */
  readonly latencyAvgMs?: number
  readonly latencyMaxMs?: number
}

interface Found {
  produced?: number
  processed?: number
  readonly latencies: number[]
  latencyMax?: number
}

export const measuredOf = (metrics: readonly Metric[]): Measured => {
  const operators = new Map<string, Found>()
  let eventLoopDelayMs: number | null = null
  let recommendedReplicas: number | null = null
  for (const { name, tags, value } of metrics) {
    // NaN: nothing was measured of late
    if (typeof value !== 'number' || Number.isNaN(value)) continue
    const operator = tags['processor-node-id']
    if (operator !== undefined) addTo(foundOf(operators, operator), name, value)
    else if (name === 'event-loop-delay-p99') eventLoopDelayMs = value
    else if (name === 'recommended-replicas') recommendedReplicas = value
  }
  return { operators: [...operators].flatMap(measuredOperator), eventLoopDelayMs, recommendedReplicas }
}

const foundOf = (operators: Map<string, Found>, operator: string): Found => {
  let found = operators.get(operator)
  if (found === undefined) operators.set(operator, (found = { latencies: [] }))
  return found
}

/** Each task has its own metric. */
const addTo = (found: Found, name: string, value: number): void => {
  switch (name) {
    case 'records-produced-total':
      found.produced = (found.produced ?? 0) + value
      break
    case 'process-total':
      found.processed = (found.processed ?? 0) + value
      break
    case 'record-e2e-latency-avg':
      found.latencies.push(value)
      break
    case 'record-e2e-latency-max':
      found.latencyMax = Math.max(found.latencyMax ?? 0, value)
      break
    default:
  }
}

const measuredOperator = ([name, found]: [string, Found]): MeasuredOperator[] => {
  const { produced, processed, latencies, latencyMax } = found
  const records = produced ?? processed
  if (records === undefined && latencies.length === 0) return []
  const sum = latencies.reduce((total, latency) => total + latency, 0)
  return [
    {
      name,
      ...(records === undefined ? {} : { records }),
      // the mean over the tasks: good enough for a glance
      ...(latencies.length === 0 ? {} : { latencyAvgMs: Math.round(sum / latencies.length) }),
      ...(latencyMax === undefined ? {} : { latencyMaxMs: latencyMax }),
    },
  ]
}
