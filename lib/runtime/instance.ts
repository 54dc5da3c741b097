import type { ResolvedConfig } from '../config'
import { StreamsError } from '../errors'
import { connect } from '../kafka/client'
import { type Admin, type Fetcher, type GroupMembership, type KafkaClient } from '../kafka/port'
import type { Logger } from '../observe/logger'
import { StateDirectory } from '../state/state-directory'
import type { StateStore } from '../state/store'
import type { CompiledTopology } from '../topology/definition'
import type { ActiveTask } from './task/active-task'
import { Committer } from './commit/committer'
import { GlobalStores } from './global/global-stores'
import { isRecoverable, lackingOf } from './failure/failure-kind'
import { toStreamsError } from './failure/streams-error'
import { InternalTopics } from './topics/internal-topics'
import { Output } from './output/output'
import { withDeadline } from './pause'
import { Rebalance, type RebalanceEvent } from './rebalance'
import { RepartitionPurge } from './commit/repartition-purge'
import type { RestoreListener } from './restore/restore-progress'
import { retrying } from './failure/retrying'
import { SourceTopicWatch } from './topics/source-topic-watch'
import { awaitSourceTopics, missingTopicsError } from './topics/awaited-source-topics'
import { offsetResetOf } from './topics/start-positions'
import { offsetResetText, resetPosition } from '../topology/offset-reset'
import { StreamLoop } from './stream-loop'
import { TaskManager } from './task-manager'
import { untouchedTasks } from './restore/untouched-tasks'
import { tpKey } from '../record/topic-partition'
import type { TaskId } from '../record/task-id'

export interface InstanceListener extends RestoreListener {
  /** Tasks were assigned, began to run or were closed: whether all that shall run does. */
  tasksChanged(allRunning: boolean): void
  rebalanced(event: RebalanceEvent): void
  missingTopics(topics: readonly string[]): void
  /** The instance can't go on; `stop` has to be called. */
  failed(error: StreamsError): void
}

export interface StopOptions {
  /** Commit first; else what is uncommitted is dropped. */
  readonly clean: boolean
  readonly leaveGroup: boolean
  readonly timeoutMs: number
}

/** One run of an application in this process, from `start` to `close`: what it consists of, and how it starts, recovers and ends. */
export class Instance {
  readonly #abort = new AbortController()
  #stateDirectory: StateDirectory | undefined
  #client: KafkaClient | undefined
  #admin: Admin | undefined
  #fetcher: Fetcher | undefined
  #output: Output | undefined
  #globals: GlobalStores | undefined
  #tasks: TaskManager | undefined
  #committer: Committer | undefined
  #membership: GroupMembership | undefined
  #loop: StreamLoop | undefined
  #looping: Promise<void> = Promise.resolve()
  #watch: SourceTopicWatch | undefined
  #purge: RepartitionPurge | undefined
  /** The last assignment stands, and no source topic is missing. */
  #assigned = false
  #stopping = false
  #opening: Promise<void> = Promise.resolve()
  #opened = false

  constructor(
    private readonly topology: CompiledTopology,
    private readonly config: ResolvedConfig,
    private readonly listener: InstanceListener,
  ) {}

  get tasks(): ReadonlyMap<TaskId, ActiveTask> {
    return this.#tasks?.tasks ?? new Map()
  }

  /** By name; empty before they are restored. */
  get globalStores(): ReadonlyMap<string, StateStore> {
    return this.#globals?.stores ?? new Map()
  }

  get #logger(): Logger {
    return this.config.logger
  }

  /** Resolves when the first assignment is accepted; its tasks may still be restoring. */
  async start(): Promise<void> {
    this.#opening = this.#open()
    await this.#opening
    this.#opened = true
    await this.#output!.open()
    this.#throwIfStopping()
    await this.#globals!.start()
    this.#throwIfStopping()
    this.#looping = this.#loop!.run()
    await this.#membership!.join()
    this.#throwIfStopping()
    if (this.topology.subTopologies.length > 0) this.#watch!.start()
  }

  /** Up to where `stop` knows all that it has to close. */
  async #open(): Promise<void> {
    const { config } = this
    this.#stateDirectory = await StateDirectory.open({
      applicationId: config.applicationId,
      stateDir: config.stateDir,
    })
    this.#throwIfStopping()
    const { processId } = this.#stateDirectory
    const clientId = config.clientId ?? `${config.applicationId}-${processId}`
    this.#client = connect(config.kafka, { clientId, logger: this.#logger })
    this.#admin = this.#client.admin()
    const sourceTopics = await awaitSourceTopics({
      admin: this.#admin,
      topology: this.topology,
      mayWait: config.missingSourceTopics === 'wait',
      missing: (topics) => this.#sayMissing(topics),
      signal: this.#abort.signal,
      logger: this.#logger,
    })
    this.#throwIfStopping()
    this.#build(this.#client, this.#admin, this.#stateDirectory, sourceTopics)
    await this.#tasks!.readLocalState()
    this.#throwIfStopping()
  }

  pause(): void {
    this.#loop?.pause()
  }

  resume(): void {
    this.#loop?.resume()
  }

  /** Resolves when everything is released, after `timeoutMs` at the latest. False: the deadline has passed before all was committed. */
  async stop({ clean, leaveGroup, timeoutMs }: StopOptions): Promise<boolean> {
    this.#stopping = true
    const deadline = Date.now() + timeoutMs
    const left = (): number => Math.max(0, deadline - Date.now())
    if (!this.#opened) {
      this.#abort.abort(stopped())
      const settled = this.#opening.catch(() => {})
      await withDeadline(settled, left())
    }
    this.#watch?.close()
    this.#loop?.pause()
    let committed = !clean
    if (clean && this.#committer) committed = await this.#lastCommit(this.#committer, left())
    const dirty = !clean || !committed
    if (dirty) this.#abort.abort(stopped())
    this.#loop?.stop()
    const steps: (() => Promise<unknown> | undefined)[] = [
      () => this.#looping,
      async () => {
        this.#tasks?.close([...this.tasks.keys()], dirty ? 'dirty' : 'clean')
        await this.#committer?.idle()
        await this.#tasks?.shutdown()
      },
      () => this.#membership?.leave({ force: leaveGroup }),
      async () => this.#abort.abort(stopped()),
      () => this.#globals?.close(),
      () => this.#output?.close(),
      () => this.#fetcher?.close(),
      () => this.#purge?.idle(),
      () => this.#admin?.close(),
      () => this.#client?.close(),
      () => this.#stateDirectory?.close(),
    ]
    let inTime = true
    for (const step of steps) {
      try {
        // past the deadline every step is still begun, and not waited for
        if ((await withDeadline(Promise.resolve(step()), left())) === 'timeout') inTime = false
      } catch (error) {
        this.#logger.warn({ err: error }, 'a step of closing failed')
      }
    }
    return committed && inTime
  }

  async #lastCommit(committer: Committer, ms: number): Promise<boolean> {
    try {
      if (await committer.commitAll(ms)) return true
      this.#logger.warn(
        { timeoutMs: ms },
        'the last commit took too long: what it covers is processed again after the next start',
      )
    } catch (error) {
      this.#logger.warn(
        { err: error },
        'the last commit failed: what it covers is processed again after the next start',
      )
    }
    return false
  }

  #build(
    client: KafkaClient,
    admin: Admin,
    stateDirectory: StateDirectory,
    sourceTopics: ReadonlyMap<string, number>,
  ): void {
    const { topology, config } = this
    const logger = this.#logger
    const { signal } = this.#abort
    const exactlyOnce = config.processingGuarantee === 'exactly_once'
    const fetcher = (this.#fetcher = client.fetcher({ isolation: exactlyOnce ? 'read_committed' : 'read_uncommitted' }))
    const failed = (error: unknown): void => this.#failed(error)
    const tasksChanged = (): void => this.#tasksChanged()
    const output = (this.#output = new Output({
      client,
      config,
      processId: stateDirectory.processId,
      topics: () => outputTopics(topology),
      logger,
      signal,
    }))
    const globals = (this.#globals = new GlobalStores({
      topology: topology.global,
      config,
      client,
      admin,
      stateDirectory,
      logger,
      signal,
      restoreListener: this.listener,
      failed: (error) => this.#fatal(error),
    }))
    const tasks = (this.#tasks = new TaskManager({
      topology,
      config,
      client,
      admin,
      fetcher,
      output,
      membership: () => this.#membership!,
      globalStores: () => globals.stores,
      stateDirectory,
      logger,
      signal,
      restoreListener: this.listener,
      tasksChanged,
      wake: () => this.#loop?.wake(),
      failed,
    }))
    const purge = (this.#purge = new RepartitionPurge({
      admin,
      repartitionTopics: new Set(topology.subTopologies.flatMap((sub) => [...sub.repartitionSourceTopics.keys()])),
      intervalMs: config.repartitionPurgeIntervalMs,
      logger,
    }))
    const committer = (this.#committer = new Committer({
      output,
      membership: () => this.#membership!,
      runningTasks: () => tasks.running,
      logger,
      released: () => this.#loop?.wake(),
      requestCommit: () => this.#loop?.requestCommit(),
      committed: (offsets) => purge.committed(offsets.values()),
    }))
    this.#loop = new StreamLoop({
      config,
      fetcher,
      output,
      committer,
      runningTasks: () => tasks.running,
      taskOf: (topic, partition) => tasks.taskOf(topic, partition),
      offsetOutOfRange: (task, topic, partition) => this.#resetOffset(task, topic, partition),
      logger,
      failed,
    })
    this.#watch = new SourceTopicWatch({
      admin,
      topology,
      known: sourceTopics,
      intervalMs: config.metadataMaxAgeMs,
      logger,
      stillMissing: (topics) => this.#sayMissing(topics),
      changed: (reason) => this.#membership?.requestRejoin(reason),
    })
    const rebalance = new Rebalance({
      topology,
      processId: stateDirectory.processId,
      admin,
      internalTopics: new InternalTopics({
        admin,
        replicationFactor: config.replicationFactor,
        logger,
        signal,
        timeoutMs: config.maxPollIntervalMs / 2,
      }),
      tasks,
      committer,
      output,
      logger,
      signal,
      stopping: () => this.#stopping,
      handOverMs: config.maxPollIntervalMs / 2,
      untouched: (candidates) =>
        untouchedTasks(candidates, { admin, output, membership: this.#membership!, logger, signal }),
      missingTopics: (topics) => this.#leaderMisses(topics),
      rebalanced: (event) => {
        this.#assigned = event.generation >= 0
        this.listener.rebalanced(event)
        this.#tasksChanged()
      },
      failed,
      ended: (error) => this.#fatal(error),
    })
    this.#membership = client.group(
      {
        groupId: config.applicationId,
        ...(config.groupInstanceId === undefined ? {} : { groupInstanceId: config.groupInstanceId }),
        protocol: 'millrace',
        sessionTimeoutMs: config.sessionTimeoutMs,
        heartbeatIntervalMs: config.heartbeatIntervalMs,
        rebalanceTimeoutMs: config.maxPollIntervalMs,
      },
      rebalance,
    )
  }

  #sayMissing(topics: readonly string[]): void {
    this.#logger.warn(
      { topics: topics.join(' ') },
      `waiting for source topics that do not exist: ${topics.join(', ')}. Create them, or check their spelling and the right to describe them`,
    )
    this.listener.missingTopics(topics)
  }

  #leaderMisses(topics: readonly string[]): void {
    if (topics.length > 0 && this.config.missingSourceTopics === 'fail') return this.#fatal(missingTopicsError(topics))
    if (topics.length > 0) this.#assigned = false
    this.#watch?.expectMissing(topics.length > 0)
  }

  #tasksChanged(): void {
    if (!this.#stopping && this.#tasks) this.listener.tasksChanged(this.#assigned && this.#tasks.allRunning)
  }

  async #resetOffset(task: ActiveTask, topic: string, partition: number): Promise<void> {
    const reset = offsetResetOf(task.subTopology, topic, this.config.autoOffsetReset, this.topology)
    const location = { taskId: task.id, topic, partition }
    if (reset === 'none') {
      throw new StreamsError(
        'OFFSET_OUT_OF_RANGE',
        `the next offset to read of ${topic} partition ${partition} does not exist any more, and its offset reset policy is 'none'`,
        location,
      )
    }
    const offsets = await retrying(
      'look up where to go on',
      () => this.#admin!.listOffsets([{ topic, partition, at: resetPosition(reset, Date.now()) }]),
      { timeoutMs: Infinity, signal: this.#abort.signal, logger: this.#logger },
    )
    if (task.isClosed) return
    const offset = offsets.get(tpKey(topic, partition))!
    this.#logger.warn(
      { ...location, offset, reset },
      `the next offset to read of ${topic} partition ${partition} does not exist any more (records were deleted before they were ` +
        `processed, or the topic was made anew): going on at the ${offsetResetText(reset)} offset ${offset}`,
    )
    this.#fetcher!.assign(topic, partition, offset)
  }

  /** Drops the tasks and starts them anew where that helps; ends the instance where it does not. */
  #failed(error: unknown): void {
    if (this.#stopping) return
    if (!isRecoverable(error)) return this.#fatal(error)
    if (!this.#assigned) {
      this.#logger.debug({ err: error }, 'a failure while tasks are already being taken back')
      return
    }
    this.#assigned = false
    this.#logger.warn(
      { err: error },
      'uncommitted work is dropped and the tasks start anew from the last commit: outputs could not be delivered, or another ' +
        'instance has taken over',
    )
    const lacking = lackingOf(error)
    if (lacking) this.#tasks!.fetchFirst(lacking)
    this.#loop!.tasksDropped()
    this.#tasks!.close([...this.tasks.keys()], 'dirty')
    this.#committer!.forget()
    this.#committer!.resume()
    this.#output!.renew().catch((failure: unknown) => {
      if (!this.#stopping) this.#fatal(failure)
    })
    this.#membership!.requestRejoin('tasks start anew after a failure')
  }

  #fatal(error: unknown): void {
    if (this.#stopping) return
    this.#stopping = true
    this.listener.failed(toStreamsError(error))
  }

  #throwIfStopping(): void {
    if (this.#stopping) throw stopped()
  }
}

const stopped = (): StreamsError => new StreamsError('ILLEGAL_STATE', 'the instance was closed')

const outputTopics = (topology: CompiledTopology): Set<string> =>
  new Set(topology.subTopologies.flatMap((sub) => [...sub.sinkTopics, ...sub.changelogTopics.keys()]))
