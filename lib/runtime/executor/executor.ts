import type { ClusterTasks } from '../../assignment/group-leader'
import type { ResolvedConfig } from '../../config/config'
import type { StreamsError } from '../../errors'
import type { Admin, Fetcher, KafkaClient } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { InstanceRecordCounts } from '../../observe/record-counts'
import type { ClusterView } from '../../query/cluster-view'
import type { TaskId } from '../../record/task-id'
import type { ChangeFeeds } from '../../state/changes/change-feeds'
import type { StateDirectory } from '../../state/state-directory'
import type { StateStore } from '../../state/store'
import { RowMemory } from '../../state/timed/row-memory'
import type { CompiledTopology } from '../../topology/definition'
import type { BoundedRun } from '../bounded/bounded-run'
import type { RestoreListener } from '../changelog/restore-progress'
import { Diagnostics } from '../diagnostics'
import { type Failure, FailurePolicy } from '../failure/failure-policy'
import { IsolatedTasks } from '../failure/isolated-tasks'
import { whyMembershipWasLost } from '../failure/lost-membership'
import { retrying } from '../failure/retrying'
import { toStreamsError } from '../failure/streams-error'
import { ClassicMembership } from '../membership/classic-membership'
import type { Membership } from '../membership/membership'
import { StreamsProducer } from '../output/streams-producer'
import { pause } from '../pause'
import { SlowCallbackMonitor } from '../processing/slow-callback-monitor'
import type { RunningTask, Task } from '../tasks/task'
import { TASK_STATES } from '../tasks/task-state'
import { TaskFactory } from '../tasks/task-factory'
import { Tasks } from '../tasks/tasks'
import { Committer } from './committer'
import { ProcessingLoop } from './processing-loop'
import { type RebalanceEvent, RebalanceListener } from './rebalance-listener'
import { RepartitionPurge } from './repartition-purge'
import { TaskInputs } from './task-inputs'
import { untouched } from './untouched-tasks'

/** News of an executor, for its run. */
export interface ExecutorListener extends RestoreListener {
  /** Whether the executor is in the group and processes everything that it is assigned. */
  runningChanged(): void
  rebalanced(event: RebalanceEvent): void
  /** Source topics that the group's leader can't find; empty: none. */
  missingTopics(topics: readonly string[]): void
  /** The executor can't continue, and neither can the instance. */
  failed(error: StreamsError): void
}

export interface ExecutorOptions {
  /** Counted from 1, unique in the instance. */
  readonly index: number
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  readonly client: KafkaClient
  readonly admin: Admin
  readonly stateDirectory: StateDirectory
  /** By name. */
  readonly globalStores: ReadonlyMap<string, StateStore>
  /** On the group's leader: the tasks that result from the cluster's topics. */
  readonly clusterTasks: () => Promise<ClusterTasks>
  readonly changeFeeds: ChangeFeeds
  readonly recordCounts: InstanceRecordCounts
  /** Undefined: nothing is measured. */
  readonly sensors: ThreadSensors | undefined
  /** For a run that ends by itself. */
  readonly bounded?: BoundedRun | undefined
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly listener: ExecutorListener
}

const FETCHES_PER_COMMIT = 20
const LONGEST_FETCH_INTERVAL_MS = 25

/** Under exactly-once nobody sees results before their commit, and a fetch of few records costs what processing many does. */
const fetchIntervalMs = ({ processingGuarantee, commitIntervalMs }: ResolvedConfig): number =>
  processingGuarantee === 'exactly_once'
    ? Math.min(commitIntervalMs / FETCHES_PER_COMMIT, LONGEST_FETCH_INTERVAL_MS)
    : 0

/**
 * Owns a loop, a producer, a committer, a membership in the group, and its tasks. After a failure, only the smallest
 * affected part restarts: one task, or everything that shares the producer.
 */
export class Executor {
  readonly #tasks: Tasks
  readonly #producer: StreamsProducer
  readonly #committer: Committer
  readonly #membership: Membership
  readonly #loop: ProcessingLoop
  readonly #fetcher: Fetcher
  readonly #purge: RepartitionPurge
  readonly #policy: FailurePolicy
  readonly #diagnostics: Diagnostics
  /** Undefined until the producer is open. */
  #looping: Promise<void> | undefined
  /** The tasks of the last assignment are this executor's, and no source topic is missing. */
  #assigned = false
  #cluster: ClusterView | undefined
  #stopping = false
  /** Of a task, after `stop`: it can't restart any more. */
  #lastFailure: Failure | undefined

  constructor(private readonly options: ExecutorOptions) {
    const { topology, config, client, admin, stateDirectory, globalStores, bounded, logger, signal, listener } = options
    const fetcher = client.fetcher({ ...config.fetcherConfig, minIntervalMs: fetchIntervalMs(config) })
    this.#fetcher = bounded ? bounded.limited(fetcher) : fetcher
    const isolated = new IsolatedTasks(config.transactionTimeoutMs)
    this.#policy = new FailurePolicy(config, isolated)
    this.#diagnostics = new Diagnostics(config.applicationId)
    this.#purge = new RepartitionPurge({
      admin,
      repartitionTopics: new Set(topology.subTopologies.flatMap((sub) => [...sub.repartitionSourceTopics.keys()])),
      intervalMs: config.repartitionPurgeIntervalMs,
      logger,
    })
    const membership: Membership = (this.#membership = new ClassicMembership({
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
      clusterTasks: options.clusterTasks,
      logger,
      // the parts refer to each other in a circle: nothing is called before join()
      listener: {
        ownership: () => rebalances.ownership(),
        beforeRejoin: () => {
          this.#clusterChanges({ rebalancing: true })
          return rebalances.beforeRejoin()
        },
        // not running while tasks are being closed: with none remaining it would seem to be
        assigned: (assignment) => {
          this.#assigned = false
          const { hosts, generation, followUp } = assignment
          this.#cluster = { hosts, generation, rebalancing: followUp }
          return rebalances.assigned(assignment)
        },
        lost: (cause) => {
          this.#assigned = false
          this.#clusterChanges({ generation: -1, rebalancing: true })
          return rebalances.lost(cause)
        },
        ended: (cause) => rebalances.ended(cause),
      },
    }))
    const producer: StreamsProducer = (this.#producer = new StreamsProducer({
      client: bounded ? bounded.counted(client) : client,
      config,
      transactionalId: `${config.applicationId}-${stateDirectory.processId}-${options.index}`,
      lease: membership.lease,
      topics: () => outputTopics(topology),
      isInternal: (topic) => isInternalTopic(topology, topic),
      logger,
      signal,
    }))
    const cacheBytes = config.statestoreCacheMaxBytes
    const factory = new TaskFactory({
      topology,
      config,
      admin,
      committed: (inputs) => membership.committed(inputs),
      refillProducer: () => client.producer({ ...config.producerConfig, lease: membership.lease }),
      globalStores,
      stateDirectory,
      monitor: new SlowCallbackMonitor(config.slowCallbackWarningMs, logger),
      cache: cacheBytes > 0 ? { maxBytes: cacheBytes, usedBytes: 0 } : undefined,
      rowMemory: new RowMemory(),
      changeFeeds: options.changeFeeds,
      recordCounts: options.recordCounts,
      sensors: options.sensors,
      logger,
      signal,
      wakeUp: () => this.#loop.wakeUp(),
    })
    const tasks: Tasks = (this.#tasks = new Tasks({
      factory,
      fetcher: this.#fetcher,
      restoreFetcher: () => client.fetcher(config.restoreFetcherConfig),
      collector: () => producer.ready(),
      stateDirectory,
      sensors: options.sensors,
      logger,
      signal,
      restoreListener: listener,
      bounds: bounded?.bounds,
      listener: {
        changed: () => {
          this.#changed()
          this.#loop.wakeUp()
        },
        moved: (taskId, from, to) =>
          this.#diagnostics.publish('millrace:task', () => ({
            taskId,
            from: from && TASK_STATES[from],
            to: TASK_STATES[to],
          })),
        failed: (taskId, error) => this.#failed({ error, taskId }),
      },
    }))
    const taskFailed = (task: RunningTask, error: unknown): void => this.#taskFailed(task, error)
    const committer = (this.#committer = new Committer({
      producer,
      group: membership,
      tasks,
      transactionTimeoutMs: config.transactionTimeoutMs,
      completed: (durationMs) => {
        options.sensors?.commit.add(durationMs)
        this.#diagnostics.publish('millrace:commit', () => ({ tasks: tasks.running.map(({ id }) => id), durationMs }))
      },
      logger,
      listener: {
        released: () => this.#loop.wakeUp(),
        commitRequested: () => this.#loop.requestCommit(),
        committed: (offsets) => this.#purge.committed(offsets.values()),
        taskFailed,
      },
    }))
    this.#loop = new ProcessingLoop({
      config,
      fetcher: this.#fetcher,
      inputs: new TaskInputs({
        topology,
        config,
        admin,
        fetcher: this.#fetcher,
        tasks,
        lease: membership.lease,
        logger,
        signal,
        taskFailed,
      }),
      producer,
      committer,
      tasks,
      isolated,
      sensors: options.sensors,
      logger,
      listener: { taskFailed, failed: (error) => this.#failed({ error }) },
    })
    const rebalances: RebalanceListener = new RebalanceListener({
      tasks,
      committer,
      producer,
      logger,
      stopping: () => this.#stopping,
      handOverMs: config.maxPollIntervalMs / 2,
      untouched: (suspended) => untouched(suspended, { admin, producer, membership, logger, signal }),
      whyLost: () =>
        whyMembershipWasLost({
          sessionTimeoutMs: config.sessionTimeoutMs,
          unansweredMs: performance.now() - membership.lease.answeredAt,
          longestBlockMs: this.#loop.longestBlockMs,
        }),
      news: {
        rebalanced: (event, missingTopics) => this.#rebalanced(event, missingTopics),
        failed: (error) => this.#failed({ error }),
        ended: (error) => this.#end(toStreamsError(error)),
      },
    })
  }

  get tasks(): readonly Task[] {
    return this.#tasks.all
  }

  /** What is still to be replayed into the stores of tasks, by task, counted by offsets. */
  get restoreRemaining(): ReadonlyMap<TaskId, number> {
    return this.#tasks.restoreRemaining
  }

  /** Undefined: nothing is measured. */
  get sensors(): ThreadSensors | undefined {
    return this.options.sensors
  }

  /** In the group, no topic missing, and all assigned tasks processing. */
  get isRunning(): boolean {
    return this.#assigned && this.#tasks.allRunning
  }

  /** `undefined` before the first assignment. */
  get cluster(): ClusterView | undefined {
    return this.#cluster
  }

  /** False once another instance may have this one's tasks. */
  get holdsLease(): boolean {
    return this.#membership.lease.holds()
  }

  /** How long ago the loop last completed a turn; 0 while it does not run. */
  get sinceTurnMs(): number {
    return this.#loop.sinceTurnMs
  }

  /** Resolves when the first assignment is accepted; its tasks may still be restoring. */
  async start(): Promise<void> {
    await this.#tasks.readLocalState()
    await this.#producer.open()
    this.#looping = this.#loop.run()
    await this.#membership.join()
  }

  pause(): void {
    this.#loop.pause()
  }

  resume(): void {
    this.#loop.resume()
  }

  requestCommit(): void {
    this.#loop.requestCommit()
  }

  /** False if the windows of the task can't be closed now: to be called again. */
  closeWindows(task: RunningTask): boolean {
    return this.#loop.closeWindows(task)
  }

  requestRejoin(reason: string): void {
    this.#membership.requestRejoin(reason)
  }

  /** Processes nothing more, and starts no task. */
  stop(): void {
    this.#stopping = true
    this.#loop.pause()
  }

  /** After `stop`: the last commit. False if it failed, or took longer than `ms`. */
  async commit(ms: number): Promise<boolean> {
    const { logger } = this.options
    if (this.#looping === undefined) return true
    if (this.#tasks.suspended.length > 0) {
      logger.warn(
        {},
        'closing while out of the group: what was not committed before is processed again by the next owner',
      )
      return false
    }
    try {
      const isDone = await this.#committer.commitAll(ms)
      if (this.#lastFailure !== undefined) throw this.#lastFailure.error
      if (isDone) return true
      logger.warn(
        { timeoutMs: Math.round(ms) },
        'the last commit took too long: its records are processed again after the next start',
      )
    } catch (error) {
      logger.warn({ err: error }, 'the last commit failed: its records are processed again after the next start')
    }
    return false
  }

  /** After `stop`: steps that release everything, in order. */
  closing(how: 'clean' | 'dirty', leaveGroup: boolean): readonly (() => Promise<unknown>)[] {
    return [
      async () => {
        this.#loop.stop()
        await this.#looping
      },
      async () => {
        const ids = this.#tasks.all.map(({ id }) => id)
        this.#tasks.close(ids, how)
        await this.#committer.idle()
        await this.#tasks.shutdown()
      },
      () => (how === 'dirty' ? this.#deliver() : Promise.resolve()),
      () => this.#membership.leave({ force: leaveGroup }),
      () => this.#producer.close(),
      () => this.#fetcher.close(),
      () => this.#purge.close(),
    ]
  }

  /** At-least-once: what was sent before a failure, and dead letters about it, are delivered while the group still knows this member. */
  async #deliver(): Promise<void> {
    if (this.#producer.transactional || !this.#membership.lease.holds()) return
    await this.#producer.deliver().catch((error: unknown) => {
      this.options.logger.debug({ err: error }, 'what was sent before the failure could not be delivered')
    })
  }

  #rebalanced(event: RebalanceEvent, missingTopics: readonly string[]): void {
    this.#assigned = event.generation >= 0 && missingTopics.length === 0
    this.options.sensors?.rebalanced()
    this.options.listener.rebalanced(event)
    if (event.generation >= 0) this.options.listener.missingTopics(missingTopics)
    this.#changed()
  }

  #clusterChanges(change: Partial<ClusterView>): void {
    if (this.#cluster) this.#cluster = { ...this.#cluster, ...change }
  }

  #changed(): void {
    if (!this.#stopping) this.options.listener.runningChanged()
  }

  // ---------------------------------------------------------------------------------------- failures

  #taskFailed(task: RunningTask, error: unknown): void {
    if (!this.#tasks.isRunning(task)) return
    const inTransaction = this.#producer.transactional && task.processing.hasUncommittedEffects
    this.#failed({ error, taskId: task.id, inTransaction })
  }

  #failed(failure: Failure): void {
    if (this.options.signal.aborted) return
    if (this.#stopping) {
      if (failure.taskId !== undefined) this.#lastFailure ??= failure
      return
    }
    const remedy = this.#policy.decide(failure)
    if ('end' in remedy) return this.#end(remedy.error)
    const { logger } = this.options
    this.#diagnostics.publish('millrace:error', () => ({
      error: failure.error,
      taskId: failure.taskId ?? null,
      outcome: remedy.restart === 'task' ? 'task restarts' : 'all tasks restart',
    }))
    if (remedy.restart === 'task') {
      const { taskId, delayMs, missing } = remedy
      logger.warn(
        { err: failure.error, taskId },
        `task ${taskId} failed and restarts from its last commit; the others keep processing`,
      )
      const settled = this.#producer.transactional ? undefined : this.#producer.settle()
      this.#tasks.restart([taskId], this.#readyAfter(delayMs, missing, settled))
      return
    }
    logger.warn(
      { err: failure.error, ...(failure.taskId === undefined ? {} : { taskId: failure.taskId }) },
      'uncommitted work is dropped, and all tasks restart from the last commit',
    )
    this.options.sensors?.failed()
    this.#loop.tasksDropped()
    this.#committer.forget()
    this.#purge.forget()
    this.#producer.renew().catch((error: unknown) => this.#failed({ error }))
    this.#tasks.restart(
      this.#tasks.all.map(({ id }) => id),
      this.#readyAfter(0, remedy.missing),
    )
    // the leader ensures that all internal topics exist
    this.#membership.requestRejoin('tasks restart after a failure')
  }

  /** Settles when failed tasks can start again. */
  #readyAfter(
    delayMs: number,
    missing: { readonly what: string; fetch(): Promise<void> } | undefined,
    settled: Promise<void> = Promise.resolve(),
  ): Promise<void> {
    const { signal, logger } = this.options
    const ready = (async () => {
      await settled
      if (delayMs > 0) await pause(delayMs, signal)
      if (missing) await retrying(missing.what, () => missing.fetch(), { timeoutMs: Infinity, signal, logger })
    })()
    // the next start reports it
    ready.catch(() => {})
    return ready
  }

  #end(error: StreamsError): void {
    if (this.#stopping) return
    this.#stopping = true
    this.options.sensors?.failed()
    this.options.listener.failed(error)
  }
}

const outputTopics = (topology: CompiledTopology): Set<string> =>
  new Set(topology.subTopologies.flatMap((sub) => [...sub.sinkTopics, ...sub.changelogTopics.keys()]))

const isInternalTopic = ({ subTopologies }: CompiledTopology, topic: string): boolean =>
  subTopologies.some((sub) => sub.repartitionSourceTopics.has(topic) || sub.changelogTopics.has(topic))
