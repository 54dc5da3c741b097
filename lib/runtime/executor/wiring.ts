import type { ResolvedConfig } from '../../config/config'
import type { Fetcher } from '../../kafka/port'
import { RowMemory } from '../../state/timed/row-memory'
import type { CompiledTopology } from '../../topology/definition'
import { Diagnostics } from '../diagnostics'
import { type Failure, FailurePolicy } from '../failure/failure-policy'
import { IsolatedTasks } from '../failure/isolated-tasks'
import { whyMembershipWasLost } from '../failure/lost-membership'
import { ClassicMembership } from '../membership/classic-membership'
import type { Membership, MembershipListener, TaskAssignment } from '../membership/membership'
import { StreamsProducer } from '../output/streams-producer'
import { SlowCallbackMonitor } from '../processing/slow-callback-monitor'
import type { RunningTask } from '../tasks/task'
import { TASK_STATES } from '../tasks/task-state'
import { TaskFactory } from '../tasks/task-factory'
import { Tasks } from '../tasks/tasks'
import { Committer } from './committer'
import type { ExecutorOptions } from './executor-options'
import { ProcessingLoop } from './processing-loop'
import { type RebalanceEvent, RebalanceListener } from './rebalance-listener'
import { RepartitionPurge } from './repartition-purge'
import { TaskInputs } from './task-inputs'
import { untouched } from './untouched-tasks'

/** What an executor consists of. */
export interface ExecutorParts {
  readonly fetcher: Fetcher
  readonly membership: Membership
  readonly producer: StreamsProducer
  readonly tasks: Tasks
  readonly committer: Committer
  readonly loop: ProcessingLoop
  readonly purge: RepartitionPurge
  readonly policy: FailurePolicy
  readonly diagnostics: Diagnostics
}

/** What the parts tell their executor, and ask it. */
export interface PartsListener {
  /** Tasks are about to be committed: the member joins again. */
  rejoining(): void
  /** Tasks are about to be opened and closed, as assigned. */
  assigning(assignment: TaskAssignment): void
  /** Out of the group, tasks are about to be suspended or closed. */
  lost(): void
  /** The tasks are those of the event. */
  rebalanced(event: RebalanceEvent, missingTopics: readonly string[]): void
  /** The membership is over. */
  ended(error: Error): void
  /** A task was added, removed, or changed its state. */
  tasksChanged(): void
  /** A task that was running. */
  taskFailed(task: RunningTask, error: unknown): void
  /** Recoverable or not: the executor decides what to do. */
  failed(failure: Failure): void
  /** No further task is started. */
  stopping(): boolean
}

/** Makes the parts and connects them. They refer to each other in a circle, so that none is used before all of them are made. */
export const wire = (options: ExecutorOptions, listener: PartsListener): ExecutorParts => {
  const { topology, config, client, admin, stateDirectory, bounded, sensors, logger, signal } = options
  const diagnostics = new Diagnostics(config.applicationId)
  const isolated = new IsolatedTasks(config.transactionTimeoutMs)
  const fetcher = fetcherOf(options)
  const purge = purgeOf(options)
  const membership = membershipOf(
    options,
    announced(() => rebalances, listener),
  )
  const { lease } = membership
  const producer = producerOf(options, membership)
  const wakeUp = (): void => loop.wakeUp()
  const taskFailed = (task: RunningTask, error: unknown): void => listener.taskFailed(task, error)
  const tasks: Tasks = new Tasks({
    factory: taskFactoryOf(options, membership, wakeUp),
    fetcher,
    restoreFetcher: () => client.fetcher(config.restoreFetcherConfig),
    collector: () => producer.ready(),
    stateDirectory,
    sensors,
    logger,
    signal,
    restoreListener: options.listener,
    bounds: bounded?.bounds,
    listener: {
      changed: () => {
        listener.tasksChanged()
        wakeUp()
      },
      moved: (taskId, from, to) =>
        diagnostics.publish('millrace:task', () => ({
          taskId,
          from: from && TASK_STATES[from],
          to: TASK_STATES[to],
        })),
      failed: (taskId, error) => listener.failed({ error, taskId }),
    },
  })
  const committer = new Committer({
    producer,
    group: membership,
    tasks,
    transactionTimeoutMs: config.transactionTimeoutMs,
    completed: (durationMs) => {
      sensors?.commit.add(durationMs)
      diagnostics.publish('millrace:commit', () => ({ tasks: tasks.running.map(({ id }) => id), durationMs }))
    },
    logger,
    listener: {
      released: wakeUp,
      commitRequested: () => loop.requestCommit(),
      committed: (offsets) => purge.committed(offsets.values()),
      taskFailed,
    },
  })
  const inputs = new TaskInputs({ topology, config, admin, fetcher, tasks, lease, logger, signal, taskFailed })
  const loop = new ProcessingLoop({
    config,
    fetcher,
    inputs,
    producer,
    committer,
    tasks,
    isolated,
    sensors,
    logger,
    listener: { taskFailed, failed: (error) => listener.failed({ error }) },
  })
  const rebalances: RebalanceListener = new RebalanceListener({
    tasks,
    committer,
    producer,
    logger,
    stopping: () => listener.stopping(),
    handOverMs: config.maxPollIntervalMs / 2,
    untouched: (suspended) => untouched(suspended, { admin, producer, membership, logger, signal }),
    whyLost: () =>
      whyMembershipWasLost({
        sessionTimeoutMs: config.sessionTimeoutMs,
        unansweredMs: performance.now() - lease.answeredAt,
        longestBlockMs: loop.longestBlockMs,
      }),
    news: {
      rebalanced: (event, missingTopics) => listener.rebalanced(event, missingTopics),
      failed: (error) => listener.failed({ error }),
      ended: (error) => listener.ended(error),
    },
  })
  const policy = new FailurePolicy(config, isolated)
  return { fetcher, membership, producer, tasks, committer, loop, purge, policy, diagnostics }
}

const fetcherOf = ({ config, client, bounded }: ExecutorOptions): Fetcher => {
  const fetcher = client.fetcher({ ...config.fetcherConfig, minIntervalMs: fetchIntervalMs(config) })
  return bounded ? bounded.limited(fetcher) : fetcher
}

const FETCHES_PER_COMMIT = 20
const LONGEST_FETCH_INTERVAL_MS = 25

/** Under exactly-once nobody sees results before their commit, and a fetch of few records costs what processing many does. */
const fetchIntervalMs = ({ processingGuarantee, commitIntervalMs }: ResolvedConfig): number =>
  processingGuarantee === 'exactly_once'
    ? Math.min(commitIntervalMs / FETCHES_PER_COMMIT, LONGEST_FETCH_INTERVAL_MS)
    : 0

const purgeOf = ({ topology, config, admin, logger }: ExecutorOptions): RepartitionPurge =>
  new RepartitionPurge({
    admin,
    repartitionTopics: new Set(topology.subTopologies.flatMap((sub) => [...sub.repartitionSourceTopics.keys()])),
    intervalMs: config.repartitionPurgeIntervalMs,
    logger,
  })

const membershipOf = (options: ExecutorOptions, listener: MembershipListener): Membership => {
  const { topology, config, client, stateDirectory, clusterTasks, logger } = options
  return new ClassicMembership({
    client,
    group: {
      groupId: config.applicationId,
      ...(config.groupInstanceId === undefined ? {} : { groupInstanceId: config.groupInstanceId }),
      sessionTimeoutMs: config.sessionTimeoutMs,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      rebalanceTimeoutMs: config.maxPollIntervalMs,
    },
    topology,
    processId: stateDirectory.processId,
    host: config.applicationServer,
    clusterTasks,
    logger,
    listener,
  })
}

/** The executor hears of each change of the membership before the tasks follow it. */
const announced = (rebalances: () => RebalanceListener, listener: PartsListener): MembershipListener => ({
  ownership: () => rebalances().ownership(),
  beforeRejoin: () => {
    listener.rejoining()
    return rebalances().beforeRejoin()
  },
  assigned: (assignment) => {
    listener.assigning(assignment)
    return rebalances().assigned(assignment)
  },
  lost: (cause) => {
    listener.lost()
    return rebalances().lost(cause)
  },
  ended: (cause) => rebalances().ended(cause),
})

const producerOf = (options: ExecutorOptions, { lease }: Membership): StreamsProducer => {
  const { index, topology, config, client, stateDirectory, bounded, logger, signal } = options
  return new StreamsProducer({
    client: bounded ? bounded.counted(client) : client,
    config,
    transactionalId: `${config.applicationId}-${stateDirectory.processId}-${index}`,
    lease,
    topics: () => outputTopics(topology),
    isInternal: (topic) => isInternalTopic(topology, topic),
    logger,
    signal,
  })
}

const outputTopics = (topology: CompiledTopology): Set<string> =>
  new Set(topology.subTopologies.flatMap((sub) => [...sub.sinkTopics, ...sub.changelogTopics.keys()]))

const isInternalTopic = ({ subTopologies }: CompiledTopology, topic: string): boolean =>
  subTopologies.some((sub) => sub.repartitionSourceTopics.has(topic) || sub.changelogTopics.has(topic))

const taskFactoryOf = (options: ExecutorOptions, membership: Membership, wakeUp: () => void): TaskFactory => {
  const { config, client, logger } = options
  const cacheBytes = config.statestoreCacheMaxBytes
  return new TaskFactory({
    ...options,
    committed: (inputs) => membership.committed(inputs),
    refillProducer: () => client.producer({ ...config.producerConfig, lease: membership.lease }),
    monitor: new SlowCallbackMonitor(config.slowCallbackWarningMs, logger),
    cache: cacheBytes > 0 ? { maxBytes: cacheBytes, usedBytes: 0 } : undefined,
    rowMemory: new RowMemory(),
    wakeUp,
  })
}
