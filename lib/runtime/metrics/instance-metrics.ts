import type { InstanceSensors } from '../../observe/metrics/instance-sensors'
import type { Metric } from '../../observe/metrics/metric'
import { MetricList } from '../../observe/metrics/metric-list'
import { recommendedReplicas } from '../../observe/metrics/recommended-replicas'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { TaskRecordCounts } from '../../observe/record-counts'
import type { TaskId } from '../../record/task-id'
import type { StreamsState } from '../state-machine'
import type { Task } from '../tasks/task'
import { globalTaskMetrics, taskMetrics } from './task-metrics'

/** The processing loop of an executor, which is what Kafka Streams calls a stream thread. */
interface Thread {
  readonly tasks: readonly Task[]
  readonly sensors: ThreadSensors | undefined
  /** By task, counted by offsets. */
  readonly restoreRemaining: ReadonlyMap<TaskId, number>
}

export interface MeasuredInstance {
  readonly applicationId: string
  /** The one that was configured; a run knows the actual one. */
  readonly clientId: string | undefined
  readonly state: StreamsState
  readonly describeTopology: () => string
  readonly sensors: InstanceSensors
  readonly run:
    | {
        readonly clientId: string
        readonly executors: readonly Thread[]
        /** Of the task that fills the global stores. */
        readonly globalRecordCounts: TaskRecordCounts | undefined
      }
    | undefined
}

/** Kafka Streams' numbers for its states, as in its metric `client-state`. */
const STATE_NUMBERS: Readonly<Record<StreamsState, number>> = {
  CREATED: 0,
  REBALANCING: 1,
  RUNNING: 2,
  PENDING_SHUTDOWN: 3,
  NOT_RUNNING: 4,
  PENDING_ERROR: 5,
  ERROR: 6,
}

/** All metrics of an instance, as they are now. */
export const instanceMetrics = (instance: MeasuredInstance): Metric[] => {
  const { applicationId, run, sensors } = instance
  sensors.windows.tick()
  const clientId = run?.clientId ?? instance.clientId ?? applicationId
  const metrics: Metric[] = []
  clientMetrics(new MetricList(metrics, 'stream-metrics', { 'client-id': clientId }), instance)
  for (const [i, thread] of (run?.executors ?? []).entries()) {
    threadMetrics(metrics, `${clientId}-StreamThread-${i + 1}`, thread, instance.state)
  }
  if (run?.globalRecordCounts !== undefined) globalTaskMetrics(metrics, clientId, run.globalRecordCounts)
  return metrics
}

const clientMetrics = (list: MetricList, instance: MeasuredInstance): void => {
  const { applicationId, state, run, sensors } = instance
  const threads = run?.executors ?? []
  const isAlive = state === 'RUNNING' || state === 'REBALANCING'
  const sum = (of: (thread: Thread) => number): number => threads.reduce((all, thread) => all + of(thread), 0)
  list
    .add('application-id', applicationId)
    .add('topology-description', instance.describeTopology())
    .add('state', state)
    .add('recording-level', sensors.level)
    .add('alive-stream-threads', isAlive ? threads.length : 0)
    .add(
      'failed-stream-threads',
      sum((thread) => thread.sensors?.failures ?? 0),
    )
  list
    .with({ 'application-id': applicationId })
    .add('client-state', STATE_NUMBERS[state])
    .add('recommended-replicas', sum(recommendedFor))
  const delay = sensors.eventLoopDelay
  if (delay !== undefined) list.avgAndMax('event-loop-delay', delay).add('event-loop-delay-p99', delay.p99)
}

const recommendedFor = ({ tasks, sensors }: Thread): number => {
  if (sensors === undefined) return 0
  const utilization = Math.min(1, sensors.ratio(sensors.process) + sensors.ratio(sensors.punctuate))
  return recommendedReplicas({ tasks: tasks.length, lag: lagOf(tasks), rate: sensors.process.rate, utilization })
}

const lagOf = (tasks: readonly Task[]): number => {
  let lag = 0
  for (const task of tasks) {
    if (task.state === 'running') for (const input of task.processing.inputPositions) lag += input.lag
  }
  return lag
}

const threadMetrics = (
  metrics: Metric[],
  threadId: string,
  { tasks, sensors, restoreRemaining }: Thread,
  state: StreamsState,
): void => {
  if (sensors === undefined) return
  const { commit, poll, process, punctuate, slices } = sensors
  new MetricList(metrics, 'stream-thread-metrics', { 'thread-id': threadId })
    .add('state', state)
    .add('thread-start-time', sensors.startedAt)
    .avgAndMax('commit-latency', commit)
    .rateAndTotal('commit', commit)
    .avgAndMax('poll-latency', poll)
    .rateAndTotal('poll', poll)
    .avgAndMax('process-latency', process)
    .rateAndTotal('process', process)
    .avgAndMax('process-records', slices)
    .avgAndMax('punctuate-latency', punctuate)
    .rateAndTotal('punctuate', punctuate)
    .rateAndTotal('task-created', sensors.tasksCreated)
    .rateAndTotal('task-closed', sensors.tasksClosed)
    .add('process-ratio', sensors.ratio(process))
    .add('punctuate-ratio', sensors.ratio(punctuate))
    .add('poll-ratio', sensors.ratio(poll))
    .add('commit-ratio', sensors.ratio(commit))
  const consumer = { 'client-id': `${threadId}-consumer` }
  new MetricList(metrics, 'consumer-coordinator-metrics', consumer).add('rebalance-total', sensors.rebalances)
  const threadProcessMs = process.sum
  for (const task of tasks) {
    const { id: taskId } = task
    new MetricList(metrics, 'stream-task-metrics', { 'thread-id': threadId, 'task-id': taskId }).add(
      'restore-remaining-records-total',
      restoreRemaining.get(taskId) ?? 0,
    )
    if (task.state !== 'running') continue
    const { processing, stores } = task
    taskMetrics(metrics, { taskId, threadId, processing, stores, threadProcessMs })
  }
}
