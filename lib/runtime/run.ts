import type { ResolvedConfig } from '../config/config'
import type { StreamsError } from '../errors'
import { connect } from '../kafka/client'
import type { Admin, KafkaClient } from '../kafka/port'
import type { Logger } from '../observe/logger'
import type { InstanceSensors } from '../observe/metrics/instance-sensors'
import { InstanceRecordCounts, type TaskRecordCounts } from '../observe/record-counts'
import type { ClusterView } from '../query/cluster-view'
import type { ChangeFeeds } from '../state/changes/change-feeds'
import { StateDirectory } from '../state/state-directory'
import type { StateStore } from '../state/store'
import type { CompiledTopology } from '../topology/definition'
import { missingSourceTopics } from '../topology/partition-counts'
import type { ClusterTasks } from '../assignment/group-leader'
import { type BoundedRun, openBoundedRun } from './bounded/bounded-run'
import type { BoundedRunOptions, RunProgress } from './bounded/run-options'
import type { RestoreListener } from './changelog/restore-progress'
import { Executor } from './executor/executor'
import type { RebalanceEvent } from './executor/rebalance-listener'
import { retrying } from './failure/retrying'
import { toStreamsError } from './failure/streams-error'
import { GlobalState } from './global/global-state'
import { abortable, withDeadline } from './pause'
import type { Task } from './tasks/task'
import { awaitSourceTopics, missingTopicsError } from './topics/awaited-source-topics'
import { clusterTasks, internalTopicsOf } from './topics/cluster-tasks'
import { InternalTopics } from './topics/internal-topics'
import { SourceTopicWatch } from './topics/source-topic-watch'
import { countSourceTopics, patternsWithoutTopic } from './topics/source-topics'

/** News of a run, for its façade. */
export interface RunListener extends RestoreListener {
  /** Whether every assigned task is processing. */
  runningChanged(isRunning: boolean): void
  rebalanced(event: RebalanceEvent): void
  /** It waits for source topics that do not exist. */
  missingTopics(topics: readonly string[]): void
  /** It can't continue; `close` must be called. */
  failed(error: StreamsError): void
  /** Of a bounded run. */
  progressed(progress: RunProgress): void
  /** A bounded run: everything is processed and committed, by whichever instance; `close` must be called. */
  completed(): void
}

export interface RunOptions {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  /** Undefined: nothing is measured. */
  readonly sensors: InstanceSensors | undefined
  /** For those who listen to changes of stores. */
  readonly changeFeeds: ChangeFeeds
  /** The run ends by itself. */
  readonly bounded?: BoundedRunOptions | undefined
  readonly listener: RunListener
  /** Gives up opening. */
  readonly signal: AbortSignal
}

export interface CloseRunOptions {
  /** Commit first; otherwise uncommitted work is dropped. */
  readonly clean: boolean
  readonly leaveGroup: boolean
  readonly timeoutMs: number
}

type Release = () => Promise<unknown>

/** Opens everything that one run consists of. Releases what it has opened if it fails or is aborted. */
export const openRun = async (options: RunOptions): Promise<Run> => {
  const { topology, config, sensors, changeFeeds, bounded: ends, listener, signal } = options
  const { logger } = config
  // closed by a listener that heard of the start
  signal.throwIfAborted()
  const abort = new AbortController()
  const giveUp = (): void => abort.abort(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  const releases: Release[] = []
  try {
    const { applicationId, stateDir } = config
    const stateDirectory = await StateDirectory.open({ applicationId, stateDir })
    releases.push(() => stateDirectory.close())
    const clientId = config.clientId ?? `${applicationId}-${stateDirectory.processId}`
    const client = connect(config.kafka, { clientId, logger })
    releases.push(() => client.close())
    const admin = client.admin()
    releases.push(() => admin.close())
    sensors?.open()
    releases.push(async () => sensors?.close())
    const recordCounts = new InstanceRecordCounts(sensors?.windows)
    const opened = { client, clientId, admin, stateDirectory, changeFeeds, recordCounts, sensors }
    const parts = { topology, config, ...opened, logger, signal: abort.signal }
    const sayMissing = (topics: readonly string[]): void => {
      logger.warn(
        { topics: topics.join(' ') },
        `waiting for source topics that do not exist: ${topics.join(', ')}. Create them, or check their spelling and the right to describe them`,
      )
      listener.missingTopics(topics)
    }
    const sourceTopics = await abortable(
      awaitSourceTopics({
        admin,
        topology,
        mayWait: config.missingSourceTopics === 'wait',
        missing: sayMissing,
        signal: abort.signal,
        logger,
      }),
      abort.signal,
    )
    warnOfPatterns(parts, sourceTopics.keys())
    const bounded =
      ends &&
      (await openBoundedRun({
        ...parts,
        sourceTopics,
        applicationId,
        isolation: config.fetcherConfig.isolation,
        options: ends,
        progressed: (progress) => listener.progressed(progress),
      }))
    const opening = GlobalState.open({
      ...parts,
      topology: topology.global,
      restoreListener: listener,
      failed: (error) => listener.failed(toStreamsError(error)),
    })
    releases.push(async () => (await opening.catch(() => undefined))?.close())
    const globals = await abortable(opening, abort.signal)
    return new Run({ ...parts, abort, globals, bounded, sourceTopics, sayMissing, listener, releases })
  } catch (error) {
    abort.abort(error)
    for (const release of releases.reverse()) {
      await release().catch((failure: unknown) =>
        logger.debug({ err: failure }, 'a step of giving up the start failed'),
      )
    }
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

const warnOfPatterns = (
  { topology, config, logger }: Pick<RunParts, 'topology' | 'config' | 'logger'>,
  topics: Iterable<string>,
): void => {
  for (const pattern of patternsWithoutTopic(topology, topics)) {
    logger.warn(
      { topics: String(pattern) },
      `no topic matches the pattern ${pattern} yet, so its source reads nothing: check its spelling, that it matches whole names, and the ` +
        `right to describe the topics. New ones are looked for every ${config.metadataMaxAgeMs / 1000} s (metadataMaxAge)`,
    )
  }
}

interface RunParts {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  readonly client: KafkaClient
  readonly clientId: string
  readonly admin: Admin
  readonly stateDirectory: StateDirectory
  readonly abort: AbortController
  readonly globals: GlobalState
  readonly bounded: BoundedRun | undefined
  /** Partition counts as of the start. */
  readonly sourceTopics: ReadonlyMap<string, number>
  readonly sayMissing: (topics: readonly string[]) => void
  readonly listener: RunListener
  /** Release what was opened, last first. */
  readonly releases: Release[]
  readonly changeFeeds: ChangeFeeds
  readonly recordCounts: InstanceRecordCounts
  readonly sensors: InstanceSensors | undefined
  readonly logger: Logger
}

/** One run of an application in this process, from `start` to `close`: its executors, and what they share. */
export class Run {
  readonly #parts: RunParts
  readonly #executors: readonly Executor[]
  readonly #watch: SourceTopicWatch
  #stopping = false

  constructor(parts: RunParts) {
    this.#parts = parts
    const { topology, config, admin, globals, sourceTopics, listener, logger, abort } = parts
    this.#watch = new SourceTopicWatch({
      admin,
      topology,
      known: sourceTopics,
      intervalMs: config.metadataMaxAgeMs,
      logger,
      stillMissing: parts.sayMissing,
      changed: (reason) => {
        for (const executor of this.#executors) executor.requestRejoin(reason)
      },
    })
    const internalTopics = new InternalTopics({
      admin,
      replicationFactor: config.replicationFactor,
      logger,
      signal: abort.signal,
      timeoutMs: config.maxPollIntervalMs / 2,
    })
    const executor = new Executor({
      ...parts,
      index: 1,
      sensors: parts.sensors?.thread(),
      globalStores: globals.stores,
      clusterTasks: () => this.#clusterTasks(internalTopics),
      signal: abort.signal,
      listener: {
        runningChanged: () => this.#runningChanged(),
        rebalanced: (event) => listener.rebalanced(event),
        missingTopics: (topics) => this.#leaderMisses(topics),
        failed: (error) => this.#failed(error),
        restoreStart: (event) => listener.restoreStart(event),
        restoreProgress: (event) => listener.restoreProgress(event),
        restoreEnd: (event) => listener.restoreEnd(event),
      },
    })
    this.#executors = [executor]
  }

  get clientId(): string {
    return this.#parts.clientId
  }

  get executors(): readonly Executor[] {
    return this.#executors
  }

  get tasks(): readonly Task[] {
    return this.#executors.flatMap((executor) => executor.tasks)
  }

  /** `undefined` before the first assignment. */
  get cluster(): ClusterView | undefined {
    return this.#executors[0]?.cluster
  }

  /** False once another instance may have a task of this one. */
  get holdsLease(): boolean {
    return this.#executors.every((executor) => executor.holdsLease)
  }

  /** The longest time that a loop has not completed a turn. */
  get sinceTurnMs(): number {
    return Math.max(0, ...this.#executors.map((executor) => executor.sinceTurnMs))
  }

  get recordCounts(): InstanceRecordCounts {
    return this.#parts.recordCounts
  }

  /** `undefined` for a run that does not end by itself. */
  get bounded(): BoundedRun | undefined {
    return this.#parts.bounded
  }

  /** By name. */
  get globalStores(): ReadonlyMap<string, StateStore> {
    return this.#parts.globals.stores
  }

  /** Of the task that fills the global stores; undefined without any. */
  get globalRecordCounts(): TaskRecordCounts | undefined {
    return this.#parts.globals.recordCounts
  }

  /** Resolves when the first assignments are accepted; their tasks may still be restoring. */
  async start(): Promise<void> {
    await abortable(Promise.all(this.#executors.map((executor) => executor.start())), this.#parts.abort.signal)
    if (this.#stopping) return
    if (this.#parts.topology.subTopologies.length > 0) this.#watch.start()
    if (this.#parts.bounded) void this.#awaitEnd(this.#parts.bounded)
  }

  pause(): void {
    for (const executor of this.#executors) executor.pause()
  }

  resume(): void {
    for (const executor of this.#executors) executor.resume()
  }

  /** Resolves when everything is released, after `timeoutMs` at the latest. False: the deadline passed before everything was committed. */
  async close({ clean, leaveGroup, timeoutMs }: CloseRunOptions): Promise<boolean> {
    const { abort, logger, releases } = this.#parts
    this.#stopping = true
    const deadline = performance.now() + timeoutMs
    const left = (): number => Math.max(0, deadline - performance.now())
    this.#watch.close()
    for (const executor of this.#executors) executor.stop()
    const committed = clean && (await this.#commit(left()))
    const how = committed ? 'clean' : 'dirty'
    if (!committed) abort.abort(new Error('the instance is closing'))
    const steps = [
      ...this.#executors.flatMap((executor) => executor.closing(how, leaveGroup)),
      async () => abort.abort(new Error('the instance is closing')),
      ...[...releases].reverse(),
    ]
    let inTime = true
    for (const step of steps) {
      try {
        // past the deadline every step is still started, but not waited for
        if ((await withDeadline(step(), left())) === 'timeout') inTime = false
      } catch (error) {
        logger.warn({ err: error }, 'a step of closing failed')
      }
    }
    return (committed || !clean) && inTime
  }

  async #awaitEnd(bounded: BoundedRun): Promise<void> {
    try {
      await bounded.completed({
        tasks: () => this.tasks,
        requestCommit: () => {
          for (const executor of this.#executors) executor.requestCommit()
        },
        closeWindows: (task) => this.#executors.some((executor) => executor.closeWindows(task)),
      })
      if (!this.#stopping) this.#parts.listener.completed()
    } catch (error) {
      this.#failed(toStreamsError(error))
    }
  }

  async #commit(ms: number): Promise<boolean> {
    const committed = await Promise.all(this.#executors.map((executor) => executor.commit(ms)))
    return committed.every(Boolean)
  }

  /** On the group's leader: the tasks of the cluster, once their internal topics exist. */
  async #clusterTasks(internalTopics: InternalTopics): Promise<ClusterTasks> {
    const { topology, admin, logger, abort } = this.#parts
    const counts = await retrying('look up source topics', () => countSourceTopics(admin, topology), {
      timeoutMs: Infinity,
      signal: abort.signal,
      logger,
    })
    if (missingSourceTopics(topology, counts).length === 0) {
      await internalTopics.ensure(internalTopicsOf(topology, counts))
    }
    return clusterTasks(topology, counts)
  }

  #leaderMisses(topics: readonly string[]): void {
    const { config } = this.#parts
    if (topics.length > 0 && config.missingSourceTopics === 'fail') return this.#failed(missingTopicsError(topics))
    this.#watch.expectMissing(topics.length > 0)
  }

  #runningChanged(): void {
    if (!this.#stopping) this.#parts.listener.runningChanged(this.#executors.every((executor) => executor.isRunning))
  }

  #failed(error: StreamsError): void {
    if (!this.#stopping) this.#parts.listener.failed(error)
  }
}
