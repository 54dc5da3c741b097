import type { Metric, MetricGroup } from '../../observe/metrics/metric'
import { MetricList } from '../../observe/metrics/metric-list'
import type { NodeSensor, TaskSensors } from '../../observe/metrics/task-sensors'
import type { OperatorRecordCounts } from '../../observe/record-counts'
import type { ReadOnlyKeyValueStore } from '../../state/store'
import type { Processing } from '../processing/processing'
import type { TaskStores } from '../tasks/task-stores'

/** A task that processes. */
export interface MeasuredTask {
  readonly taskId: string
  readonly threadId: string
  readonly processing: Processing
  readonly stores: TaskStores
  /** The milliseconds that all tasks of the thread have processed, in the sample windows. */
  readonly threadProcessMs: number
}

/** Counted by offsets; 0 until the end of the partition is known. */
export const lagAt = ({ position, endOffset }: { readonly position: number; readonly endOffset: number }): number =>
  endOffset < 0 ? 0 : Math.max(0, endOffset - Math.max(0, position))

/** Metrics of a task, its operators, stores and topics. */
export const taskMetrics = (metrics: Metric[], task: MeasuredTask): void => {
  const { threadId, taskId, processing } = task
  const { sensors } = processing
  if (sensors === undefined) return
  const tags = { 'thread-id': threadId, 'task-id': taskId }
  const list = (group: MetricGroup): MetricList => new MetricList(metrics, group, tags)
  ofTask(list('stream-task-metrics'), task, sensors)
  ofNodes(list('stream-processor-node-metrics'), sensors, processing.recordCounts.snapshot())
  ofTopics(list('stream-topic-metrics'), sensors)
  ofStores(list('stream-state-metrics'), task)
  ofCaches(list('stream-record-cache-metrics'), task)
  ofInputs(new MetricList(metrics, 'consumer-fetch-manager-metrics', { 'client-id': `${threadId}-consumer` }), task)
}

const ofTask = (list: MetricList, task: MeasuredTask, sensors: TaskSensors): void => {
  const { processing, stores, threadProcessMs } = task
  const { recordCounts } = processing
  const { process, punctuate, lateness } = sensors
  list
    .rateAndTotal('dropped-records', 'dropped records', {
      rate: recordCounts.droppedRate,
      total: recordCounts.droppedTotal,
    })
    .gauge(
      'active-process-ratio',
      'The fraction of time the thread spent on processing this task among all assigned active tasks',
      threadProcessMs === 0 ? 0 : Math.min(1, process.sum / threadProcessMs),
    )
    .gauge(
      'uncommitted-state-bytes',
      'The size of what the task has written to its persistent stores since the last commit',
      stores.state.dirtyBytes,
    )
  if (lateness === undefined) return
  list
    .avgAndMax('process-latency', 'latency of calls to process in milliseconds', process)
    .rateAndTotal('process', 'calls to process', process)
    .avgAndMax('punctuate-latency', 'latency of calls to punctuate in milliseconds', punctuate)
    .rateAndTotal('punctuate', 'calls to punctuate', punctuate)
    .avgAndMax(
      'record-lateness',
      'observed lateness of records in milliseconds, measured by comparing the record timestamp with the current stream time',
      lateness,
    )
    .gauge(
      'active-buffer-count',
      'The count of buffered records that are polled from consumer and not yet processed for this active task',
      processing.inputPartitions.reduce(
        (sum, { topic, partition }) => sum + processing.bufferedRecords(topic, partition),
        0,
      ),
    )
}

const LATENCY = 'end-to-end latency of a record, measuring by comparing the record timestamp with the system time when'
const LATENCY_AT = `${LATENCY} it has been fully processed by the node`

const ofNodes = (list: MetricList, sensors: TaskSensors, counts: readonly OperatorRecordCounts[]): void => {
  const of = (node: string): MetricList => list.with({ 'processor-node-id': node })
  for (const [node, latency] of sensors.latencies) {
    of(node)
      .gauge('record-e2e-latency-avg', `The average ${LATENCY_AT}`, latency.avg)
      .gauge('record-e2e-latency-min', `The minimum ${LATENCY_AT}`, latency.min)
      .gauge('record-e2e-latency-max', `The maximum ${LATENCY_AT}`, latency.max)
  }
  for (const { node, rate } of sensors.nodes) {
    if (rate !== undefined) of(node).rateAndTotal('process', 'calls to process', rate)
  }
  for (const { operator, droppedBy, deadLetters } of counts) {
    for (const [reason, dropped] of Object.entries(droppedBy)) {
      of(operator)
        .with({ reason })
        .counter('dropped-records-total', 'The total number of records that the node dropped for this reason', dropped)
    }
    of(operator).counter('dead-letters-total', 'The total number of dead letters of the node', deadLetters)
  }
}

const ofTopics = (list: MetricList, sensors: TaskSensors): void => {
  const of = (node: string, topic: string): MetricList => list.with({ 'processor-node-id': node, topic })
  for (const { node, topic, records, bytes } of sensors.inputs) {
    of(node, topic)
      .counter('records-consumed-total', 'The total number of records consumed from this topic', records)
      .counter('bytes-consumed-total', 'The total number of bytes of keys and values consumed from this topic', bytes)
  }
  const produced = 'The total number of records produced to this topic'
  for (const { node, topic, records } of sensors.nodes.filter(writesToOneTopic)) {
    of(node, topic).counter('records-produced-total', produced, records)
  }
  for (const [node, topics] of sensors.chosenTopics) {
    for (const [topic, records] of topics) of(node, topic).counter('records-produced-total', produced, records)
  }
}

const writesToOneTopic = (sensor: NodeSensor): sensor is NodeSensor & { readonly topic: string } =>
  sensor.topic !== undefined

const ofStores = (list: MetricList, { stores }: MeasuredTask): void => {
  for (const { store } of stores.stores) {
    const { approximateNumEntries } = store as Partial<ReadOnlyKeyValueStore<unknown, unknown>>
    if (approximateNumEntries === undefined) continue
    list
      .with({ 'state-id': store.name })
      .gauge('estimate-num-keys', 'The estimated number of keys in the store', approximateNumEntries.call(store))
  }
}

const ofCaches = (list: MetricList, { stores }: MeasuredTask): void => {
  for (const { store } of stores.stores) {
    if (store.cacheUse === undefined) continue
    const { reads, hits } = store.cacheUse
    list
      .with({ 'record-cache-id': store.name })
      .gauge('hit-ratio-avg', 'The average cache hit ratio', reads === 0 ? NaN : hits / reads)
      .counter('reads-total', 'The total number of reads of the cache', reads)
      .counter('hits-total', 'The total number of reads of the cache that found their key', hits)
  }
}

const ofInputs = (list: MetricList, { processing }: MeasuredTask): void => {
  for (const { topic, partition, position, endOffset } of processing.inputPositions) {
    list
      .with({ topic, partition: String(partition) })
      .gauge('records-lag', 'The number of records that are still to be processed', lagAt({ position, endOffset }))
  }
}
