import type { Metric, MetricGroup } from './metric'

/** What a metric is, whatever its value. */
export interface MetricDefinition {
  readonly group: MetricGroup
  readonly name: string
  readonly kind: Metric['kind']
  readonly description: string
  /** The level at which it is measured. */
  readonly level: 'info' | 'debug'
  /** Of a time. */
  readonly unit?: 'ms' | 'ns'
}

type Entry = Omit<MetricDefinition, 'group' | 'level'>

const gauge = (name: string, description: string): Entry => ({ name, description, kind: 'gauge' })
const counter = (name: string, description: string): Entry => ({ name, description, kind: 'counter' })
const text = (name: string, description: string): Entry => ({ name, description, kind: 'text' })

const total = (name: string, what: string): Entry => counter(`${name}-total`, `The total number of ${what}`)

const rate = (name: string, what: string): Entry => gauge(`${name}-rate`, `The average number of ${what} per second`)

const rateAndTotal = (name: string, what: string): readonly Entry[] => [rate(name, what), total(name, what)]

/** Of a thread, where Kafka Streams has other words for a rate. */
const threadRateAndTotal = (name: string, what: string): readonly Entry[] => [
  gauge(`${name}-rate`, `The average per-second number of ${what}`),
  total(name, what),
]

const avgAndMax = (name: string, what: string): readonly Entry[] => [
  gauge(`${name}-avg`, `The average ${what}`),
  gauge(`${name}-max`, `The maximum ${what}`),
]

const milliseconds = (entries: readonly Entry[]): readonly Entry[] => entries.map((entry) => ({ ...entry, unit: 'ms' }))

const nanoseconds = (entries: readonly Entry[]): readonly Entry[] => entries.map((entry) => ({ ...entry, unit: 'ns' }))

const latency = (name: string, what: string): readonly Entry[] => milliseconds(avgAndMax(`${name}-latency`, what))

/** Of a store, as in Kafka Streams in nanoseconds. */
const operation = (name: string): readonly Entry[] => [
  rate(name, `calls to ${name}`),
  ...nanoseconds(avgAndMax(`${name}-latency`, `latency of calls to ${name}`)),
]

const OPERATIONS = ['get', 'put', 'put-if-absent', 'put-all', 'delete', 'fetch', 'remove', 'flush']
const SCANS = ['all', 'range', 'prefix-scan']

const E2E =
  'end-to-end latency of a record, measured by comparing the record timestamp with the system time when it arrives at the node'
const LATENESS =
  'lateness of records in milliseconds, measured by comparing the record timestamp with the current stream time'

const CLIENT: readonly Entry[] = [
  text('application-id', 'The application ID of the Kafka Streams client'),
  text('topology-description', 'The description of the topology executed in the Kafka Streams client'),
  text('state', 'The state of the Kafka Streams client'),
  text('recording-level', 'The metrics recording level of the Kafka Streams client'),
  gauge('client-state', 'The state of the Kafka Streams client as a number'),
  gauge(
    'alive-stream-threads',
    'The current number of alive stream threads that are running or participating in rebalance',
  ),
  counter(
    'failed-stream-threads',
    'The number of failures since the start after which all tasks of a stream thread had to restart, or the client ended',
  ),
  gauge(
    'recommended-replicas',
    'The replicas that the work of this client is worth: the sum over all clients, rounded up, is how many there should be',
  ),
  ...milliseconds([
    ...avgAndMax('event-loop-delay', 'time in milliseconds that timers waited for the event loop'),
    gauge('event-loop-delay-p99', 'The 99th percentile of the time in milliseconds that timers waited'),
  ]),
]

const FRACTION = 'The fraction of time the thread spent on'

const THREAD: readonly Entry[] = [
  text('state', 'The current state of the thread'),
  ...milliseconds([gauge('thread-start-time', 'The time that the thread was started')]),
  ...latency('commit', 'commit latency'),
  ...threadRateAndTotal('commit', 'calls to commit'),
  ...latency('poll', 'poll latency'),
  ...threadRateAndTotal('poll', 'calls to poll'),
  ...latency('process', 'process latency'),
  ...threadRateAndTotal('process', 'calls to process'),
  ...avgAndMax('process-records', 'number of records processed within an iteration'),
  ...latency('punctuate', 'punctuate latency'),
  ...threadRateAndTotal('punctuate', 'calls to punctuate'),
  ...threadRateAndTotal('task-created', 'newly created tasks'),
  ...threadRateAndTotal('task-closed', 'closed tasks'),
  gauge('process-ratio', `${FRACTION} processing active tasks`),
  gauge('punctuate-ratio', `${FRACTION} punctuating active tasks`),
  gauge('poll-ratio', `${FRACTION} polling records from consumer`),
  gauge('commit-ratio', 'The fraction of time in which a commit was under way, while processing continued'),
]

const TASK: readonly Entry[] = [
  ...rateAndTotal('dropped-records', 'dropped records'),
  gauge(
    'active-process-ratio',
    'The fraction of time the thread spent on processing this task among all assigned active tasks',
  ),
  gauge('restore-remaining-records-total', 'The total number of records remaining to be restored'),
  gauge(
    'uncommitted-state-bytes',
    'The size of what the task has written to its persistent stores since the last commit',
  ),
  gauge('uncompacted-tables', 'How many tables of the task on disk wait to be compacted'),
]

const TASK_DEBUG: readonly Entry[] = [
  ...latency('process', 'latency of calls to process'),
  ...rateAndTotal('process', 'calls to process'),
  ...latency('punctuate', 'latency of calls to punctuate'),
  ...rateAndTotal('punctuate', 'calls to punctuate'),
  gauge('enforced-processing-rate', 'The average number of occurrences of enforced-processing operations per second'),
  counter('enforced-processing-total', 'The total number of occurrences of enforced-processing operations'),
  ...milliseconds([
    gauge('record-lateness-avg', `The observed average ${LATENESS}`),
    gauge('record-lateness-max', `The observed maximum ${LATENESS}`),
  ]),
  gauge(
    'active-buffer-count',
    'The count of buffered records that are polled from consumer and not yet processed for this active task',
  ),
]

const NODE: readonly Entry[] = [
  ...milliseconds([
    gauge('record-e2e-latency-avg', `The average ${E2E}`),
    gauge('record-e2e-latency-min', `The minimum ${E2E}`),
    gauge('record-e2e-latency-max', `The maximum ${E2E}`),
  ]),
  counter('dropped-records-total', 'The total number of records that the node dropped for this reason'),
  counter('dead-letters-total', 'The total number of dead letters of the node'),
]

const NODE_DEBUG: readonly Entry[] = [
  ...rateAndTotal('process', 'calls to process'),
  ...rateAndTotal('suppression-emit', 'emitted records from the suppression buffer'),
  ...rateAndTotal('window-aggregate-final-emit', 'emit final records'),
  ...latency('window-aggregate-final-emit', 'latency of calls to emit final in milliseconds'),
]

const STORE: readonly Entry[] = [
  gauge('estimate-num-keys', 'The estimated number of keys in the store'),
  gauge(
    'num-open-iterators',
    'The current number of iterators on the store that have been created, but not yet closed',
  ),
  ...milliseconds([
    gauge(
      'oldest-iterator-open-since-ms',
      'The UNIX timestamp the oldest still open iterator was created, in milliseconds',
    ),
  ]),
]

const STORE_DEBUG: readonly Entry[] = [
  ...[...OPERATIONS, ...SCANS].flatMap(operation),
  ...nanoseconds(
    avgAndMax('iterator-duration', 'time spent between creating an iterator and closing it, in nanoseconds'),
  ),
  ...avgAndMax('suppression-buffer-size', 'size of buffered records'),
  ...avgAndMax('suppression-buffer-count', 'count of buffered records'),
]

const TOPIC: readonly Entry[] = [
  counter('records-consumed-total', 'The total number of records consumed from this topic'),
  counter('bytes-consumed-total', 'The total number of bytes of keys and values consumed from this topic'),
  counter('records-produced-total', 'The total number of records produced to this topic'),
]

const CACHE: readonly Entry[] = [
  gauge('hit-ratio-avg', 'The average cache hit ratio'),
  counter('reads-total', 'The total number of reads of the cache'),
  counter('hits-total', 'The total number of reads of the cache that found their key'),
]

const of = (group: MetricGroup, level: 'info' | 'debug', entries: readonly Entry[]): readonly MetricDefinition[] =>
  entries.map((entry) => ({ group, level, ...entry }))

/** Every metric that there is. */
export const METRICS: readonly MetricDefinition[] = [
  ...of('stream-metrics', 'info', CLIENT),
  ...of('stream-thread-metrics', 'info', THREAD),
  ...of('stream-task-metrics', 'info', TASK),
  ...of('stream-task-metrics', 'debug', TASK_DEBUG),
  ...of('stream-processor-node-metrics', 'info', NODE),
  ...of('stream-processor-node-metrics', 'debug', NODE_DEBUG),
  ...of('stream-state-metrics', 'info', STORE),
  ...of('stream-state-metrics', 'debug', STORE_DEBUG),
  ...of('stream-record-cache-metrics', 'info', CACHE),
  ...of('stream-record-cache-metrics', 'debug', [
    gauge('hit-ratio-min', 'The minimum cache hit ratio'),
    gauge('hit-ratio-max', 'The maximum cache hit ratio'),
  ]),
  ...of('stream-topic-metrics', 'info', TOPIC),
  ...of('consumer-fetch-manager-metrics', 'info', [
    gauge('records-lag', 'The number of records that are still to be processed, counted by offsets'),
  ]),
  ...of('consumer-coordinator-metrics', 'info', [
    counter('rebalance-total', 'The total number of successful rebalance events'),
  ]),
]
