import type { Metric } from 'millrace'

/** The few numbers to look at first, of everything that an instance measures. */
export function summary(metrics: readonly Metric[]): string {
  const values = (name: string): number[] =>
    metrics.filter((metric) => metric.name === name).map(({ value }) => Number(value))
  const sum = (name: string): number => values(name).reduce((total, value) => total + value, 0)
  const most = (name: string): number => Math.max(0, ...values(name).filter((value) => !Number.isNaN(value)))
  const rate = metrics.find(({ name, group }) => name === 'process-rate' && group === 'stream-thread-metrics')
  return [
    `${Number(rate?.value ?? 0).toFixed(1)} records/s`,
    `${sum('records-lag')} behind`,
    `${sum('restore-remaining-records-total')} to restore`,
    `${Math.round(most('record-e2e-latency-max'))} ms old at most`,
    `commits take ${Math.round(most('commit-latency-max'))} ms`,
    `worth ${sum('recommended-replicas').toFixed(2)} replicas`,
  ].join(', ')
}
