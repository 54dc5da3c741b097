import type { ResolvedConfig } from '../config'
import { StreamsError } from '../errors'
import { type Admin, type CommittedOffset, type Fetcher, type GroupMembership, type KafkaClient } from '../kafka/port'
import type { Logger } from '../observe/logger'
import type { MissingDependency } from '../serdes/missing-dependency'
import type { RecordCacheBudget, StateStore } from '../state/store'
import type { StateDirectory } from '../state/state-directory'
import { TaskState } from '../state/task-state'
import type { CompiledTopology } from '../topology/definition'
import { ActiveTask, sumOfOffsets } from './task/active-task'
import { systemClock } from './task/clock'
import { SlowCallbackMonitor } from './task/slow-callback-monitor'
import type { Output } from './output/output'
import { offsetResetOf, startPositions } from './topics/start-positions'
import { type StoreRestoration, Restorer } from './restore/restorer'
import type { RestoreListener } from './restore/restore-progress'
import { retrying } from './failure/retrying'
import { StreamTask } from './task/stream-task'
import { parseTaskId, type TaskId } from '../record/task-id'
import { type TopicPartition, tpKey } from '../record/topic-partition'

export interface TaskManagerOptions {
  readonly topology: CompiledTopology
  readonly config: ResolvedConfig
  readonly client: KafkaClient
  readonly admin: Admin
  readonly fetcher: Fetcher
  readonly output: Output
  readonly membership: () => GroupMembership
  /** By name, restored before any task is added. */
  readonly globalStores: () => ReadonlyMap<string, StateStore>
  readonly stateDirectory: StateDirectory
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly restoreListener: RestoreListener
  /** Tasks were added, have begun to run or were closed. */
  readonly tasksChanged: () => void
  /** Work has come up for the stream loop. */
  readonly wake: () => void
  readonly failed: (error: unknown) => void
}

/** The tasks of this instance: opens them, has them restored, lets them run, closes them. */
export class TaskManager {
  readonly #tasks = new Map<TaskId, ActiveTask>()
  readonly #byInput = new Map<string, ActiveTask>()
  /** State still being closed, which must be done before the task can be opened here again. */
  readonly #closing = new Map<TaskId, Promise<void>>()
  /** How far the state of closed tasks is, on disk. */
  readonly #offsetSums = new Map<TaskId, number>()
  readonly #cache: RecordCacheBudget | undefined
  readonly #watch: SlowCallbackMonitor
  readonly #restorer: Restorer
  #running: readonly ActiveTask[] = []
  #lacking: Promise<void> = Promise.resolve()

  constructor(private readonly options: TaskManagerOptions) {
    const { config, logger, client } = options
    const maxBytes = config.statestoreCacheMaxBytes
    this.#cache = maxBytes > 0 ? { maxBytes, usedBytes: 0 } : undefined
    this.#watch = new SlowCallbackMonitor(config.slowCallbackWarningMs, logger)
    this.#restorer = new Restorer({
      client,
      logger,
      listener: options.restoreListener,
      onRestored: (id) => void this.#start(id),
      onOutOfRange: (id, store, changelog) => this.#startOver(id, store, changelog),
      onFailed: options.failed,
    })
  }

  get tasks(): ReadonlyMap<TaskId, ActiveTask> {
    return this.#tasks
  }

  get running(): readonly ActiveTask[] {
    return this.#running
  }

  get allRunning(): boolean {
    return this.#running.length === this.#tasks.size
  }

  taskOf(topic: string, partition: number): ActiveTask | undefined {
    return this.#byInput.get(tpKey(topic, partition))
  }

  /** How far this instance's state of each task is, whether it runs it or only has it on disk. */
  offsetSums(): Map<TaskId, number> {
    const sums = new Map(this.#offsetSums)
    for (const task of this.#tasks.values()) {
      const sum = task.offsetSum()
      if (sum !== undefined) sums.set(task.id, sum)
    }
    return sums
  }

  /** Looks at what earlier runs have left on disk. */
  async readLocalState(): Promise<void> {
    const { stateDirectory, logger, config } = this.options
    for (const id of await stateDirectory.taskIds()) {
      if (!this.#subTopologyOf(id)) continue
      const directory = stateDirectory.taskDirectory(id)
      const offsets = await TaskState.readOffsets({ engine: config.stateEngine, directory, taskId: id, logger })
      if (offsets.size > 0) this.#offsetSums.set(id, sumOfOffsets(offsets))
    }
  }

  /** Tasks begin only when this is fetched: one has failed for want of it. */
  fetchFirst({ what, fetch }: MissingDependency): void {
    const before = this.#lacking
    this.#lacking = before.then(() => this.#retrying(what, fetch))
    // whoever starts next hears of it
    this.#lacking.catch(() => {})
  }

  /** Registers tasks at once and opens them in the background. */
  add(assigned: ReadonlyMap<TaskId, readonly TopicPartition[]>): void {
    const added: ActiveTask[] = []
    for (const [id, inputs] of assigned) {
      const subTopology = this.#subTopologyOf(id)
      if (!subTopology) {
        throw new StreamsError(
          'INCOMPATIBLE_INSTANCES',
          `the group's leader assigned task ${id}, which this instance's topology does not have: ` +
            'instances with one applicationId must run the same topology; stop the ones with the other topology first',
          { taskId: id },
        )
      }
      const task = new ActiveTask(id, subTopology, inputs)
      this.#tasks.set(id, task)
      added.push(task)
    }
    if (added.length === 0) return
    this.options.tasksChanged()
    this.#open(added).catch((error: unknown) => {
      if (added.some((task) => !task.isClosed) && !this.options.signal.aborted) this.options.failed(error)
    })
  }

  /** Takes tasks out of work at once; their state is closed in the background. `dirty` forgets what is uncommitted. */
  close(ids: Iterable<TaskId>, how: 'clean' | 'dirty'): void {
    for (const id of ids) {
      const task = this.#tasks.get(id)
      if (!task) continue
      task.phase = 'closed'
      this.#tasks.delete(id)
      for (const { topic, partition } of task.inputs) {
        this.#byInput.delete(tpKey(topic, partition))
        this.options.fetcher.unassign(topic, partition)
      }
      const before = this.#closing.get(id)
      const closing: Promise<void> = (async () => {
        await before
        await this.#release(task, how)
      })().finally(() => {
        if (this.#closing.get(id) === closing) this.#closing.delete(id)
      })
      this.#closing.set(id, closing)
    }
    this.#refreshRunning()
    this.options.tasksChanged()
  }

  /** Resolves when the state of all closed tasks is closed. */
  async closed(): Promise<void> {
    while (this.#closing.size > 0) await Promise.all(this.#closing.values())
  }

  async shutdown(): Promise<void> {
    this.close([...this.#tasks.keys()], 'dirty')
    await this.#restorer.close()
    await this.closed()
  }

  #subTopologyOf(id: TaskId) {
    const { subTopology } = parseTaskId(id)
    return this.options.topology.subTopologies.find((sub) => sub.id === subTopology)
  }

  #refreshRunning(): void {
    this.#running = [...this.#tasks.values()].filter((task) => task.phase === 'running')
  }

  async #open(tasks: readonly ActiveTask[]): Promise<void> {
    // a transaction that is still open could hide the end of its changelogs and input offsets
    await this.options.output.ready()
    await this.options.output.loadTopics()
    await Promise.all(tasks.map((task) => this.#openState(task)))
    let open = tasks.filter((task) => !task.isClosed)
    const inputs = open.flatMap((task) => [...task.inputs])
    const committed = await this.#retrying('read committed offsets', () => this.options.membership().committed(inputs))
    open = open.filter((task) => !task.isClosed)
    await this.#findPositions(open, committed)
    const restorations = await this.#planRestorations(open)
    for (const [task, stores] of restorations) {
      if (task.isClosed) continue
      task.phase = 'restoring'
      this.#restorer.add({ taskId: task.id, state: task.state!, stores })
    }
  }

  async #openState(task: ActiveTask): Promise<void> {
    await this.#closing.get(task.id)
    if (task.isClosed) return
    const { stateDirectory, logger, output, config } = this.options
    task.buildStores()
    const stores = task.stores.map(({ store }) => store)
    const state = await TaskState.open({
      engine: config.stateEngine,
      directory: stores.some((store) => store.persistent) ? stateDirectory.taskDirectory(task.id) : null,
      taskId: task.id,
      stores,
      logger,
    })
    if (task.isClosed) return state.close()
    task.state = state
    task.stream = new StreamTask({
      id: task.id,
      subTopologies: [task.subTopology],
      inputPartitions: task.inputs,
      partition: task.partition,
      stores,
      globalStores: this.options.globalStores(),
      state,
      collector: output.collector,
      config,
      clock: systemClock,
      logger,
      watch: this.#watch,
      cache: this.#cache,
      fetching: (what, fetch, closed) => retrying(what, fetch, { timeoutMs: Infinity, signal: closed, logger }),
      listeners: { wakeUp: this.options.wake },
    })
  }

  async #findPositions(tasks: readonly ActiveTask[], committed: ReadonlyMap<string, CommittedOffset>): Promise<void> {
    const { admin, config } = this.options
    const positions = await this.#retrying('look up offsets', () =>
      startPositions(
        admin,
        tasks.flatMap((task) =>
          task.inputs.map((input) => ({
            ...input,
            committed: committed.get(tpKey(input.topic, input.partition))?.offset,
            reset: offsetResetOf(task.subTopology, input.topic, config.autoOffsetReset, this.options.topology),
          })),
        ),
      ),
    )
    const joint = tasks.filter((task) => task.inputs.length > 1).flatMap((task) => [...task.inputs])
    const endOffsets = await this.#retrying('look up the ends of inputs', async () =>
      joint.length === 0
        ? new Map<string, number>()
        : admin.listOffsets(
            joint.map((input) => ({ ...input, at: 'latest' as const })),
            config.processingGuarantee === 'exactly_once' ? 'read_committed' : 'read_uncommitted',
          ),
    )
    for (const task of tasks) {
      task.positions = ofInputs(task, positions)
      task.committed = ofInputs(task, committed)
      task.endOffsets = ofInputs(task, endOffsets)
    }
  }

  async #planRestorations(tasks: readonly ActiveTask[]): Promise<Map<ActiveTask, StoreRestoration[]>> {
    const logged = tasks.flatMap((task) => task.stores.flatMap(({ changelog }) => changelog ?? []))
    // the high watermark, not the last stable offset: what a former owner committed is below it even while the
    // brokers still write the markers of its transaction
    const ends = (at: 'earliest' | 'latest'): Promise<Map<string, number>> =>
      this.#retrying('look up the ends of changelogs', async () =>
        logged.length === 0
          ? new Map<string, number>()
          : this.options.admin.listOffsets(
              logged.map((changelog) => ({ ...changelog, at })),
              'read_uncommitted',
            ),
      )
    const [earliest, latest] = await Promise.all([ends('earliest'), ends('latest')])
    const plan = new Map<ActiveTask, StoreRestoration[]>()
    for (const task of tasks) {
      const offsets = task.state?.changelogOffsets() ?? new Map<string, number>()
      const stores: StoreRestoration[] = []
      for (const { store, changelog, fromSource } of task.stores) {
        if (!changelog) continue
        const key = tpKey(changelog.topic, changelog.partition)
        const contained = store.persistent ? offsets.get(key) : undefined
        const from = contained === undefined ? earliest.get(key)! : contained + 1
        const end = fromSource ? Math.min(latest.get(key)!, task.positions.get(key)!) : latest.get(key)!
        if (contained !== undefined && (from > latest.get(key)! || from < earliest.get(key)!)) {
          this.#startOver(task.id, store.name, changelog)
          break
        }
        stores.push({ store, changelog, from, end })
      }
      if (!task.isClosed) plan.set(task, stores)
    }
    return plan
  }

  /** A task whose state is as of its changelogs begins to process. */
  async #start(id: TaskId): Promise<void> {
    const task = this.#tasks.get(id)
    if (!task || task.phase !== 'restoring') return
    // it may have moved on meanwhile
    const isGone = (): boolean => this.#tasks.get(id) !== task || task.isClosed
    try {
      await this.#lacking
      await task.stream!.prepare()
      if (isGone()) return
      for (const { store } of task.stores) {
        if (!store.open) continue
        await store.open()
        if (isGone()) return
      }
      task.stream!.initialize(task.committed)
    } catch (error) {
      if (!task.isClosed) this.options.failed(error)
      return
    }
    task.phase = 'running'
    for (const { topic, partition } of task.inputs) {
      const key = tpKey(topic, partition)
      this.#byInput.set(key, task)
      const end = task.endOffsets.get(key)
      if (end !== undefined && end > task.positions.get(key)!) task.stream!.updateEndOffset(topic, partition, end)
      this.options.fetcher.assign(topic, partition, task.positions.get(key)!)
    }
    this.#refreshRunning()
    this.options.logger.info({ taskId: id }, 'task runs')
    this.options.tasksChanged()
    this.options.wake()
  }

  /** The changelog does not reach back to where the local state ends: all of the task's state is restored from the beginning. */
  #startOver(id: TaskId, store: string, changelog: TopicPartition): void {
    const task = this.#tasks.get(id)
    if (!task) return
    this.options.logger.warn(
      { taskId: id, store, ...changelog },
      `changelog ${changelog.topic} partition ${changelog.partition} no longer has the offset at which the local state of store ` +
        `${store} ends (records were deleted, or the topic was made anew): restoring the task from the beginning`,
    )
    this.close([id], 'dirty')
    const removed = (async () => {
      await this.#closing.get(id)
      await this.options.stateDirectory.remove(id)
      this.#offsetSums.delete(id)
    })().catch(this.options.failed)
    this.#closing.set(id, removed)
    void removed.finally(() => {
      if (this.#closing.get(id) === removed) this.#closing.delete(id)
    })
    this.add(new Map([[id, task.inputs]]))
  }

  async #release(task: ActiveTask, how: 'clean' | 'dirty'): Promise<void> {
    const { logger } = this.options
    try {
      await this.#restorer.remove(task.id)
      task.stream?.close()
      if (!task.state) return
      if (how === 'dirty') task.state.discard()
      await task.state.close()
      const sum = task.offsetSum()
      if (sum !== undefined) this.#offsetSums.set(task.id, sum)
    } catch (error) {
      logger.warn({ taskId: task.id, err: error }, 'closing a task failed; its state is restored where it runs next')
    }
  }

  #retrying<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { logger, signal } = this.options
    return retrying(what, call, { timeoutMs: Infinity, signal, logger })
  }
}

const ofInputs = <T>(task: ActiveTask, all: ReadonlyMap<string, T>): Map<string, T> => {
  const own = new Map<string, T>()
  for (const { topic, partition } of task.inputs) {
    const key = tpKey(topic, partition)
    const value = all.get(key)
    if (value !== undefined) own.set(key, value)
  }
  return own
}
