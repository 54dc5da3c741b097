import type { Metric, MetricGroup } from '../../observe/metrics/metric'
import { MetricList } from '../../observe/metrics/metric-list'
import type { TaskSensors } from '../../observe/metrics/task-sensors'
import type { TaskRecordCounts } from '../../observe/record-counts'
import type { ReadOnlyKeyValueStore } from '../../state/store'
import type { Processing } from '../processing/processing'
import type { TaskStores } from '../tasks/task-stores'
import { storeTag } from './store-scope'

/** A task that processes. */
export interface MeasuredTask {
  readonly taskId: string
  readonly threadId: string
  readonly processing: Processing
  readonly stores: TaskStores
  /** The milliseconds that all tasks of the thread have processed, in the sample windows. */
  readonly threadProcessMs: number
}

/** Metrics of a task, its operators, stores and topics. */
export const taskMetrics = (metrics: Metric[], task: MeasuredTask): void => {
  const { threadId, taskId, processing } = task
  const { sensors } = processing
  if (sensors === undefined) return
  const tags = { 'thread-id': threadId, 'task-id': taskId }
  const list = (group: MetricGroup): MetricList => new MetricList(metrics, group, tags)
  recordCountMetrics(metrics, tags, processing.recordCounts)
  ofTask(list('stream-task-metrics'), task, sensors)
  ofNodes(list('stream-processor-node-metrics'), sensors)
  ofTopics(list('stream-topic-metrics'), sensors)
  ofStores(list('stream-state-metrics'), task, sensors)
  ofCaches(list('stream-record-cache-metrics'), task, sensors)
  ofInputs(new MetricList(metrics, 'consumer-fetch-manager-metrics', { 'client-id': `${threadId}-consumer` }), task)
}

/** Metrics of the task that fills the global stores, with Kafka Streams' ids of its thread and task. */
export const globalTaskMetrics = (metrics: Metric[], clientId: string, counts: TaskRecordCounts): void =>
  recordCountMetrics(metrics, { 'thread-id': `${clientId}-GlobalStreamThread`, 'task-id': '-1_-1' }, counts)

/** Metrics of what a task has dropped and sent to dead letter topics. */
const recordCountMetrics = (
  metrics: Metric[],
  tags: { readonly 'thread-id': string; readonly 'task-id': string },
  { droppedRate: rate, droppedTotal: total, tallies }: TaskRecordCounts,
): void => {
  new MetricList(metrics, 'stream-task-metrics', tags).rateAndTotal('dropped-records', { rate, total })
  const ofNodes = new MetricList(metrics, 'stream-processor-node-metrics', tags)
  for (const [operator, { droppedBy, deadLetters }] of tallies) {
    const ofNode = ofNodes.with({ 'processor-node-id': operator })
    for (const [reason, dropped] of Object.entries(droppedBy))
      ofNode.with({ reason }).add('dropped-records-total', dropped)
    if (deadLetters !== undefined) ofNode.add('dead-letters-total', deadLetters)
  }
}

const ofTask = (list: MetricList, task: MeasuredTask, sensors: TaskSensors): void => {
  const { processing, stores, threadProcessMs } = task
  const { process, punctuate, lateness, enforced } = sensors
  list
    .add('active-process-ratio', threadProcessMs === 0 ? 0 : Math.min(1, process.sum / threadProcessMs))
    .add('uncommitted-state-bytes', stores.state.dirtyBytes)
  const { uncompactedTables } = stores.state
  if (uncompactedTables !== undefined) list.add('uncompacted-tables', uncompactedTables)
  if (lateness === undefined || enforced === undefined) return
  list
    .avgAndMax('process-latency', process)
    .rateAndTotal('process', process)
    .avgAndMax('punctuate-latency', punctuate)
    .rateAndTotal('punctuate', punctuate)
    .rateAndTotal('enforced-processing', enforced)
    .avgAndMax('record-lateness', lateness)
    .add('active-buffer-count', bufferedRecords(processing))
}

const bufferedRecords = (processing: Processing): number => {
  let records = 0
  for (const { topic, partition } of processing.inputPartitions) records += processing.bufferedRecords(topic, partition)
  return records
}

const ofNodes = (list: MetricList, sensors: TaskSensors): void => {
  const of = (node: string): MetricList => list.with({ 'processor-node-id': node })
  for (const [node, { avg, min, max }] of sensors.latencies) {
    of(node).add('record-e2e-latency-avg', avg).add('record-e2e-latency-min', min).add('record-e2e-latency-max', max)
  }
  for (const [node, stats] of sensors.operators) {
    for (const [metric, stat] of stats) {
      if (metric.endsWith('-latency')) of(node).avgAndMax(metric, stat)
      else of(node).rateAndTotal(metric, stat)
    }
  }
  for (const [source, rate] of sensors.sources) of(source).rateAndTotal('process', rate)
  for (const { node, rate } of sensors.nodes) if (rate !== undefined) of(node).rateAndTotal('process', rate)
}

const ofTopics = (list: MetricList, sensors: TaskSensors): void => {
  const of = (node: string, topic: string): MetricList => list.with({ 'processor-node-id': node, topic })
  for (const { node, topic, records, bytes } of sensors.inputs) {
    of(node, topic).add('records-consumed-total', records).add('bytes-consumed-total', bytes)
  }
  for (const { node, topic, records } of sensors.nodes) {
    if (topic !== undefined) of(node, topic).add('records-produced-total', records)
  }
  for (const [node, topics] of sensors.chosenTopics) {
    for (const [topic, records] of topics) of(node, topic).add('records-produced-total', records)
  }
}

const ofStores = (list: MetricList, { stores }: MeasuredTask, sensors: TaskSensors): void => {
  for (const store of stores.all) {
    const ofStore = list.with(storeTag(store))
    const ofCalls = sensors.stores.get(store.name)
    for (const [operation, { rate, latency }] of ofCalls?.operations ?? []) {
      ofStore.add(`${operation}-rate`, rate.rate).avgAndMax(`${operation}-latency`, latency)
    }
    for (const [name, amount] of ofCalls?.amounts ?? []) ofStore.avgAndMax(name, amount)
    if (store.openScans !== undefined) {
      const { count, oldestSince } = store.openScans
      ofStore.add('num-open-iterators', count).add('oldest-iterator-open-since-ms', oldestSince)
    }
    const { approximateNumEntries } = store as Partial<ReadOnlyKeyValueStore<unknown, unknown>>
    if (approximateNumEntries !== undefined) ofStore.add('estimate-num-keys', approximateNumEntries.call(store))
  }
}

const ofCaches = (list: MetricList, { stores }: MeasuredTask, sensors: TaskSensors): void => {
  for (const { store } of stores.stores) {
    if (store.cacheUse === undefined) continue
    const { reads, hits } = store.cacheUse
    const ofCache = list
      .with({ 'record-cache-id': store.name })
      .add('hit-ratio-avg', reads === 0 ? NaN : hits / reads)
      .add('reads-total', reads)
      .add('hits-total', hits)
    const ratio = sensors.stores.get(store.name)?.hitRatio
    if (ratio !== undefined) ofCache.add('hit-ratio-min', ratio.min).add('hit-ratio-max', ratio.max)
  }
}

const ofInputs = (list: MetricList, { processing }: MeasuredTask): void => {
  for (const { topic, partition, lag } of processing.inputPositions) {
    list.with({ topic, partition: String(partition) }).add('records-lag', lag)
  }
}
