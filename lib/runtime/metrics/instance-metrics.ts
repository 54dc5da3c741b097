import type { InstanceSensors } from '../../observe/metrics/instance-sensors'
import type { Metric } from '../../observe/metrics/metric'
import { MetricList } from '../../observe/metrics/metric-list'
import { recommendedReplicas } from '../../observe/metrics/recommended-replicas'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { TaskId } from '../../record/task-id'
import type { StreamsState } from '../state-machine'
import type { Task } from '../tasks/task'
import { lagAt, taskMetrics } from './task-metrics'

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
  readonly run: { readonly clientId: string; readonly executors: readonly Thread[] } | undefined
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
  return metrics
}

const clientMetrics = (list: MetricList, instance: MeasuredInstance): void => {
  const { applicationId, state, run, sensors } = instance
  const threads = run?.executors ?? []
  const isAlive = state === 'RUNNING' || state === 'REBALANCING'
  list
    .text('application-id', 'The application ID of the Kafka Streams client', applicationId)
    .text(
      'topology-description',
      'The description of the topology executed in the Kafka Streams client',
      instance.describeTopology(),
    )
    .text('state', 'The state of the Kafka Streams client', state)
    .text('recording-level', 'The metrics recording level of the Kafka Streams client', sensors.level)
    .gauge('client-state', 'The state of the Kafka Streams client as a number', STATE_NUMBERS[state])
    .gauge(
      'alive-stream-threads',
      'The current number of alive stream threads that are running or participating in rebalance',
      isAlive ? threads.length : 0,
    )
    .counter(
      'failed-stream-threads',
      'The number of failures since the start after which all tasks of a stream thread had to restart, or the client ended',
      threads.reduce((sum, thread) => sum + (thread.sensors?.failures ?? 0), 0),
    )
    .gauge(
      'recommended-replicas',
      'The replicas that the work of this client is worth: the sum over all clients, rounded up, is how many there should be',
      threads.reduce((sum, thread) => sum + recommendedFor(thread), 0),
    )
  const delay = sensors.eventLoopDelay
  if (delay === undefined) return
  list
    .avgAndMax('event-loop-delay', 'time in milliseconds that timers waited for the event loop', delay)
    .gauge('event-loop-delay-p99', 'The 99th percentile of the time in milliseconds that timers waited', delay.p99)
}

const recommendedFor = ({ tasks, sensors }: Thread): number => {
  if (sensors === undefined) return 0
  const utilization = Math.min(1, sensors.ratio(sensors.process) + sensors.ratio(sensors.punctuate))
  return recommendedReplicas({ tasks: tasks.length, lag: lagOf(tasks), rate: sensors.process.rate, utilization })
}

const lagOf = (tasks: readonly Task[]): number => {
  let lag = 0
  for (const task of tasks) {
    if (task.state === 'running') for (const input of task.processing.inputPositions) lag += lagAt(input)
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
  const list = new MetricList(metrics, 'stream-thread-metrics', { 'thread-id': threadId })
  list
    .text('state', 'The current state of the thread', state)
    .gauge('thread-start-time', 'The time that the thread was started', sensors.startedAt)
    .avgAndMax('commit-latency', 'commit latency in milliseconds', commit)
    .rateAndTotal('commit', 'calls to commit', commit)
    .avgAndMax('poll-latency', 'poll latency in milliseconds', poll)
    .rateAndTotal('poll', 'calls to poll', poll)
    .avgAndMax('process-latency', 'process latency in milliseconds', process)
    .rateAndTotal('process', 'calls to process', process)
    .avgAndMax('process-records', 'number of records processed within an iteration', slices)
    .avgAndMax('punctuate-latency', 'punctuate latency in milliseconds', punctuate)
    .rateAndTotal('punctuate', 'calls to punctuate', punctuate)
    .rateAndTotal('task-created', 'newly created tasks', sensors.tasksCreated)
    .rateAndTotal('task-closed', 'closed tasks', sensors.tasksClosed)
  const fraction = 'The fraction of time the thread spent on'
  list
    .gauge('process-ratio', `${fraction} processing active tasks`, sensors.ratio(process))
    .gauge('punctuate-ratio', `${fraction} punctuating active tasks`, sensors.ratio(punctuate))
    .gauge('poll-ratio', `${fraction} polling records from consumer`, sensors.ratio(poll))
    .gauge(
      'commit-ratio',
      'The fraction of time in which a commit was under way, while processing continued',
      sensors.ratio(commit),
    )
  const consumer = { 'client-id': `${threadId}-consumer` }
  new MetricList(metrics, 'consumer-coordinator-metrics', consumer).counter(
    'rebalance-total',
    'The total number of successful rebalance events',
    sensors.rebalances,
  )
  const threadProcessMs = process.sum
  for (const task of tasks) {
    const { id: taskId } = task
    new MetricList(metrics, 'stream-task-metrics', { 'thread-id': threadId, 'task-id': taskId }).gauge(
      'restore-remaining-records-total',
      'The total number of records remaining to be restored',
      restoreRemaining.get(taskId) ?? 0,
    )
    if (task.state !== 'running') continue
    const { processing, stores } = task
    taskMetrics(metrics, { taskId, threadId, processing, stores, threadProcessMs })
  }
}
