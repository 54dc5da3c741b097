/**
 * How much is measured. `info`: everything that costs next to nothing. `debug`: also rates and latencies of each task and
 * operator, which cost a few nanoseconds for each record and operator. `off`: nothing.
 */
export type MetricsRecordingLevel = 'off' | 'info' | 'debug'

/** What a metric is about, by Kafka Streams' names; the consumer's group has the lag. */
export type MetricGroup =
  | 'stream-metrics'
  | 'stream-thread-metrics'
  | 'stream-task-metrics'
  | 'stream-processor-node-metrics'
  | 'stream-state-metrics'
  | 'stream-record-cache-metrics'
  | 'stream-topic-metrics'
  | 'consumer-fetch-manager-metrics'
  | 'consumer-coordinator-metrics'

/** A metric as it is now. Name, group and tags together are unique. */
export interface Metric {
  /** Kafka Streams' own where it has the metric, such as `commit-latency-avg`. */
  readonly name: string
  /** What it is about. */
  readonly group: MetricGroup
  /** About which one: `thread-id`, `task-id`, `processor-node-id` … */
  readonly tags: Readonly<Record<string, string>>
  /** What it tells, in words. */
  readonly description: string
  /** A counter only grows while its tags exist, a gauge is what it is now, a text never becomes a number. */
  readonly kind: 'counter' | 'gauge' | 'text'
  /** Latencies are milliseconds. NaN: nothing was measured in the last 30 to 60 seconds. */
  readonly value: number | string
}
