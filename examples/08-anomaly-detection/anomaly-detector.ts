import {
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  serdes,
  type StreamRecord,
  type Windowed,
} from 'millrace'

/** In `anomalies`, by service. */
export interface Anomaly {
  minute: string
  requests: number
  /** What would have been usual. */
  expected: number
}

/** What is usual for a service: mean and variance of its requests in a minute, in which the last minutes weigh most. */
interface Baseline {
  minutes: number
  mean: number
  variance: number
}

const WARM_UP_MINUTES = 5
const MOST_DEVIATIONS = 3
/** What the newest minute weighs. */
const WEIGHT = 0.2

export const baselines = keyValueStore('baselines', { key: serdes.string(), value: serdes.json<Baseline>() })

/** Takes the complete count of each minute, and forwards those that are far from the usual. */
export class AnomalyDetector implements Processor<Windowed<string>, number, Windowed<string>, Anomaly> {
  private context!: ProcessorContext<Windowed<string>, Anomaly>
  private baselines!: KeyValueStore<string, Baseline>

  init(context: ProcessorContext<Windowed<string>, Anomaly>): void {
    this.context = context
    this.baselines = context.stateStore(baselines)
  }

  process(record: StreamRecord<Windowed<string>, number>): void {
    const { key: service, window } = record.key
    const requests = record.value
    const usual = this.baselines.get(service) ?? { minutes: 0, mean: requests, variance: 0 }
    if (usual.minutes >= WARM_UP_MINUTES && isFar(requests, usual)) {
      const minute = new Date(window.start).toISOString()
      this.context.forward(record.withValue({ minute, requests, expected: Math.round(usual.mean) }))
    }
    this.baselines.put(service, updated(usual, requests))
  }
}

/** A deviation below 1 would make an anomaly of a single request more. */
const isFar = (requests: number, { mean, variance }: Baseline): boolean =>
  Math.abs(requests - mean) > MOST_DEVIATIONS * Math.max(Math.sqrt(variance), 1)

const updated = ({ minutes, mean, variance }: Baseline, requests: number): Baseline => {
  const difference = requests - mean
  return {
    minutes: minutes + 1,
    mean: mean + WEIGHT * difference,
    variance: (1 - WEIGHT) * (variance + WEIGHT * difference ** 2),
  }
}
