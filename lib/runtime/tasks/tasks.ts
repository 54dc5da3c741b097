import { StreamsError } from '../../errors'
import type { Fetcher } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { Bounds } from '../bounded/bounds'
import type { TaskId } from '../../record/task-id'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { StateDirectory } from '../../state/state-directory'
import type { SubTopology } from '../../topology/definition'
import { ChangelogFollower } from '../changelog/changelog-follower'
import type { RestoreListener } from '../changelog/restore-progress'
import type { RecordCollector } from '../output/record-collector'
import { isComplete } from './changelog-refill'
import type { ChangelogGap, StartPlan } from './start-plan'
import type { RestoringTask, RunningTask, Task, TaskIdentity } from './task'
import type { TaskFactory } from './task-factory'
import type { TaskStores } from './task-stores'

/** Changes of tasks, reported to their executor. */
export interface TasksListener {
  /** A task was added, removed, or changed its state. */
  changed(): void
  /** `from` is null for a new task. */
  moved?(id: TaskId, from: Task['state'] | null, to: Task['state']): void
  /** A task can't be opened, restored or started. */
  failed(id: TaskId, error: unknown): void
}

export interface TasksOptions {
  readonly factory: TaskFactory
  readonly fetcher: Fetcher
  /** Of changelogs. */
  readonly restoreFetcher: () => Fetcher
  /** The output of tasks that are opened now; resolves when no earlier transaction can hide offsets. */
  readonly collector: () => Promise<RecordCollector>
  readonly stateDirectory: StateDirectory
  /** Undefined: nothing is measured. */
  readonly sensors?: ThreadSensors | undefined
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly restoreListener: RestoreListener
  /** Of a bounded run. */
  readonly bounds?: Bounds | undefined
  readonly listener: TasksListener
}

/** A task from its assignment to its release. */
class Slot implements TaskIdentity {
  task: Task
  /** Settles with the open state; `undefined` if it was closed before. Never rejects. */
  opening: Promise<TaskStores | undefined> = Promise.resolve(undefined)

  constructor(
    readonly id: TaskId,
    readonly subTopology: SubTopology,
    readonly inputs: readonly TopicPartition[],
    /** Delays the start: a missing dependency of the task is being fetched. */
    readonly ready: Promise<void>,
  ) {
    this.task = { state: 'opening', id, subTopology, inputs }
  }

  get isClosing(): boolean {
    return this.task.state === 'closing'
  }
}

const READY = Promise.resolve()
/** Of each task, in native memory, and as much again on its way to disk. Larger batches don't fit the processor's caches. */
const MAX_UNWRITTEN_BYTES = 512 * 1024

/**
 * The tasks of an executor, and the only place that moves one from a state to the next:
 *
 *     opening → restoring → running ⇄ suspended
 *        └──────────┴──────────┴──────────┴─────→ closing
 *
 * A task is closed in the background; the same task can be assigned again at once, and is opened when it is released.
 */
export class Tasks {
  readonly #slots = new Map<TaskId, Slot>()
  readonly #byInput = new Map<string, RunningTask>()
  /** State still being released, which must be done before the task can be opened here again. Never rejects. */
  readonly #closing = new Map<TaskId, Promise<void>>()
  /** Changelogs being refilled, which are incomplete until it is done. Never rejects. */
  readonly #refilling = new Map<TaskId, Promise<void>>()
  /** How up to date the state of closed tasks on disk is. */
  readonly #offsetSums = new Map<TaskId, number>()
  readonly #follower: ChangelogFollower
  /** The databases of earlier runs, each open while its offsets are read. Never rejects. */
  #readingLocalState: Promise<unknown> = READY
  #running: readonly RunningTask[] = []

  constructor(private readonly options: TasksOptions) {
    this.#follower = new ChangelogFollower({
      fetcher: options.restoreFetcher,
      logger: options.logger,
      restoreListener: options.restoreListener,
      maxDirtyBytes: MAX_UNWRITTEN_BYTES,
    })
  }

  /** Every task that is not being released. */
  get all(): readonly Task[] {
    return [...this.#slots.values()].map(({ task }) => task)
  }

  get running(): readonly RunningTask[] {
    return this.#running
  }

  get allRunning(): boolean {
    return this.#running.length === this.#slots.size
  }

  /** What is still to be replayed into stores, by task, counted by offsets. */
  get restoreRemaining(): ReadonlyMap<TaskId, number> {
    return this.#follower.remaining
  }

  get(id: TaskId): Task | undefined {
    return this.#slots.get(id)?.task
  }

  /** The running task that reads an input partition. */
  readerOf(topic: string, partition: number): RunningTask | undefined {
    return this.#byInput.get(tpKey(topic, partition))
  }

  /** Whether a task that was running still is. */
  isRunning(task: RunningTask): boolean {
    return this.#slots.get(task.id)?.task === task
  }

  /** How up to date the state of each task is on this instance, whether it has the task or only its state on disk. */
  offsetSums(): Map<TaskId, number> {
    const sums = new Map(this.#offsetSums)
    for (const { task } of this.#slots.values()) {
      const stores = storesOf(task)
      if (stores) sums.set(task.id, stores.offsetSum)
    }
    return sums
  }

  /** Reads which state earlier runs have left on disk. */
  async readLocalState(): Promise<void> {
    const reading = this.options.factory.localOffsetSums()
    this.#readingLocalState = reading.catch(() => {})
    for (const [id, sum] of await reading) this.#offsetSums.set(id, sum)
  }

  /** Whether the topology has the task. */
  knows(id: TaskId): boolean {
    return this.options.factory.subTopologyOf(id) !== undefined
  }

  /** Adds tasks at once and opens them in the background; those with a missing dependency, after `ready` has settled. */
  add(assigned: ReadonlyMap<TaskId, readonly TopicPartition[]>, ready: Promise<void> = READY): void {
    const added: Slot[] = []
    for (const [id, inputs] of assigned) {
      const slot = new Slot(id, this.options.factory.subTopologyOf(id)!, inputs, ready)
      this.#slots.set(id, slot)
      this.options.sensors?.tasksCreated.add(1)
      this.options.listener.moved?.(id, null, slot.task.state)
      added.push(slot)
    }
    if (added.length === 0) return
    this.options.listener.changed()
    void this.#open(added)
  }

  /** Removes tasks from processing at once, and releases them in the background. `dirty` discards uncommitted work. */
  close(ids: Iterable<TaskId>, how: 'clean' | 'dirty'): void {
    this.#closeEach(ids, how)
    this.options.listener.changed()
  }

  /** Drops uncommitted work of tasks and reopens them, after `ready` has settled. */
  restart(ids: Iterable<TaskId>, ready?: Promise<void>): void {
    const again = new Map<TaskId, readonly TopicPartition[]>()
    for (const id of ids) {
      const slot = this.#slots.get(id)
      if (slot) again.set(id, slot.inputs)
    }
    this.#closeEach(again.keys(), 'dirty')
    this.add(again, ready)
  }

  /** Running tasks stop processing until they `resume`, all others are closed. */
  suspend(): void {
    const others: TaskId[] = []
    for (const slot of this.#slots.values()) {
      const { task } = slot
      if (task.state === 'running') this.#move(slot, { ...identityOf(slot), state: 'suspended', running: task })
      else if (task.state !== 'suspended') others.push(slot.id)
    }
    this.close(others, 'dirty')
  }

  get suspended(): readonly RunningTask[] {
    return [...this.#slots.values()].flatMap(({ task }) => (task.state === 'suspended' ? [task.running] : []))
  }

  resume(): void {
    for (const slot of this.#slots.values()) {
      if (slot.task.state !== 'suspended') continue
      const { running } = slot.task
      // another instance may have been the owner, with writes still on their way
      running.stores.epochs.claim()
      this.#move(slot, running)
      // a commit that was under way has come to nothing
      running.processing.commitAgain()
    }
    this.#refreshRunning()
    this.options.listener.changed()
  }

  /** Resolves when no changelog of these tasks is being refilled: nobody else may restore from it before. */
  async refilled(ids: readonly TaskId[]): Promise<void> {
    await Promise.all(ids.map(async (id) => this.#refilling.get(id)))
  }

  /** Resolves when the state of all closed tasks is released. */
  async released(): Promise<void> {
    while (this.#closing.size > 0) await Promise.all(this.#closing.values())
  }

  /** Closes the remaining tasks; resolves when everything is released. */
  async shutdown(): Promise<void> {
    this.close([...this.#slots.keys()], 'dirty')
    await this.#follower.close()
    await this.#readingLocalState
    await this.released()
  }

  #move(slot: Slot, to: Task): void {
    const from = slot.task.state
    slot.task = to
    this.options.listener.moved?.(slot.id, from, to.state)
  }

  #refreshRunning(): void {
    this.#running = [...this.#slots.values()].flatMap(({ task }) => (task.state === 'running' ? [task] : []))
  }

  // ---------------------------------------------------------------------------------------- opening

  async #open(slots: readonly Slot[]): Promise<void> {
    try {
      const collector = await this.options.collector()
      for (const slot of slots) slot.opening = this.#openStores(slot)
      const opened = await Promise.all(
        slots.map(async (slot) => ({ ...identityOf(slot), slot, stores: await slot.opening })),
      )
      const open = opened.flatMap(({ stores, ...rest }) =>
        stores && !rest.slot.isClosing ? [{ ...rest, stores }] : [],
      )
      for (const [{ slot, stores }, plan] of await this.options.factory.planStarts(open)) {
        if (!slot.isClosing) this.#restore(slot, stores, plan, collector)
      }
    } catch (error) {
      for (const slot of slots) this.#failed(slot, error)
    }
  }

  async #openStores(slot: Slot): Promise<TaskStores | undefined> {
    // its own release waits for this
    if (slot.isClosing) return undefined
    await this.#closing.get(slot.id)
    if (slot.isClosing) return undefined
    try {
      return await this.options.factory.openStores(slot)
    } catch (error) {
      this.#failed(slot, error)
      return undefined
    }
  }

  #restore(slot: Slot, stores: TaskStores, plan: StartPlan, collector: RecordCollector): void {
    if (plan.gaps.length > 0) return this.#closeGaps(slot, stores, plan)
    this.#warnOfLostOffsets(slot, stores, plan)
    const task: RestoringTask = { ...identityOf(slot), state: 'restoring', stores }
    this.#move(slot, task)
    this.options.listener.changed()
    this.#follower.add({
      taskId: slot.id,
      ranges: plan.ranges,
      continuous: null,
      target: this.options.factory.replayTarget(stores),
      caughtUp: () => void this.#start(slot, task, plan, collector),
      outOfRange: ({ store, changelog, from }) =>
        this.#startOver(
          slot,
          `changelog ${changelog.topic} partition ${changelog.partition} of store ${store.name} no longer has offset ${from}: ` +
            'its records were deleted while they were being restored',
        ),
      failed: (error) => this.#failed(slot, error),
    })
  }

  /** Where state is left and offsets are not, records may count twice or be skipped, as in Kafka Streams. */
  #warnOfLostOffsets({ id, inputs }: Slot, { state }: TaskStores, { positions, committed }: StartPlan): void {
    const offsets = state.changelogOffsets()
    const lost = inputs.find(({ topic, partition }) => {
      const key = tpKey(topic, partition)
      return offsets.has(key) && !committed.has(key)
    })
    if (lost === undefined) return
    const { topic, partition } = lost
    const key = tpKey(topic, partition)
    this.options.logger.warn(
      { taskId: id, topic, partition, offset: positions.get(key) },
      `the group has no committed offset of ${topic} partition ${partition}, and the local state contains its records up to offset ` +
        `${offsets.get(key)}: reading starts at offset ${positions.get(key)}. Records that are read again are counted again, and those in ` +
        'between are skipped. The brokers delete the offsets of an application that is stopped for longer than their ' +
        'offsets.retention.minutes, 7 days by default, and those of a topic with the topic',
    )
  }

  /** A task whose stores are fully restored starts to process. */
  async #start(slot: Slot, { stores }: RestoringTask, plan: StartPlan, collector: RecordCollector): Promise<void> {
    const { factory, logger, fetcher, listener, bounds } = this.options
    let running: RunningTask
    try {
      await slot.ready
      running = await factory.start(identityOf(slot), stores, plan, collector)
    } catch (error) {
      this.#failed(slot, error)
      return
    }
    // it was closed while its stores were opening
    if (slot.isClosing) return running.processing.close().catch((error: unknown) => this.#closeFailed(slot, error))
    this.#move(slot, running)
    if (bounds) running.processing.startBoundedRun(plan.positions, plan.committed)
    for (const { topic, partition } of slot.inputs) {
      const key = tpKey(topic, partition)
      const position = plan.positions.get(key)!
      this.#byInput.set(key, running)
      const end = Math.min(plan.endOffsets.get(key) ?? -1, bounds?.endOf(topic, partition) ?? Infinity)
      const leaderEpoch = plan.committed.get(key)?.leaderEpoch ?? -1
      running.processing.startAt(topic, partition, position, leaderEpoch)
      if (end > position) running.processing.updateEndOffset(topic, partition, end)
      fetcher.assign(topic, partition, position, leaderEpoch)
    }
    this.#refreshRunning()
    logger.info({ taskId: slot.id }, 'task runs')
    listener.changed()
  }

  /**
   * A gap between local state and its changelogs. If a changelog begins later, the local state is useless. If it ends
   * earlier, the topic was deleted and created again, or has lost its end: the local state is the only copy, and refills it.
   * But if inputs are read again that it contains, state begins there, too. A source topic is never written to: what it has is what its table
   * has, once the task's own changelogs are refilled.
   */
  #closeGaps(slot: Slot, stores: TaskStores, { gaps, committed, isReset }: StartPlan): void {
    const own = gaps.filter(({ fromSource }) => !fromSource)
    const useless = own.length === 0 ? gaps[0] : own.find(({ contained, earliest }) => earliest > contained + 1)
    if (useless) return this.#startOver(slot, describeGap(useless))
    const what = own.map(describeGap).join('; ')
    if (isReset) return this.#startOver(slot, `${what}, and its inputs are read again`)
    const location = { taskId: slot.id, store: own[0]!.store, ...own[0]!.changelog }
    if (!isComplete(slot, stores, committed)) {
      this.#failed(
        slot,
        new StreamsError(
          'CHANGELOG_LOST',
          `${what}: the topic was deleted and created again, or has lost its end. The local state of task ${slot.id} is kept, but it lacks ` +
            'what was committed after it was written, so that it can not refill the topic. Restore the topic from a backup, or begin ' +
            'with what the topic has: close the application and call cleanUp()',
          location,
        ),
      )
      return
    }
    const { logger } = this.options
    logger.error(
      location,
      `${what}: the topic was deleted and created again, or has lost its end. Refilling it from the local state`,
    )
    const refilled = this.#reopen(slot, () => this.options.factory.refill(slot, own))
    this.#refilling.set(slot.id, refilled)
    void refilled.then(() => this.#refilling.delete(slot.id))
  }

  /** Local state is useless with this changelog: all of the task's state is restored from the beginning. */
  #startOver(slot: Slot, reason: string): void {
    if (slot.isClosing) return
    const { logger, stateDirectory } = this.options
    logger.warn({ taskId: slot.id }, `${reason}: restoring the task from the beginning`)
    void this.#reopen(slot, async () => {
      await stateDirectory.remove(slot.id)
      this.#offsetSums.delete(slot.id)
    })
  }

  /** Closes a task, changes its state on disk, and reopens it. Resolves when the work has ended, and never rejects. */
  #reopen(slot: Slot, work: () => Promise<void>): Promise<void> {
    this.#closeEach([slot.id], 'dirty')
    const worked = this.#releasing(slot.id, async () => {
      try {
        await work()
      } catch (error) {
        if (!this.options.signal.aborted) this.options.listener.failed(slot.id, error)
      }
    })
    this.add(new Map([[slot.id, slot.inputs]]))
    return worked
  }

  #failed(slot: Slot, error: unknown): void {
    if (!slot.isClosing && !this.options.signal.aborted) this.options.listener.failed(slot.id, error)
  }

  // ---------------------------------------------------------------------------------------- closing

  /** Without telling: tasks that are about to be opened again are not missed. */
  #closeEach(ids: Iterable<TaskId>, how: 'clean' | 'dirty'): void {
    for (const id of ids) {
      const slot = this.#slots.get(id)
      if (slot) this.#close(slot, how)
    }
    this.#refreshRunning()
  }

  #close(slot: Slot, how: 'clean' | 'dirty'): void {
    const { task } = slot
    this.#move(slot, { ...identityOf(slot), state: 'closing' })
    this.#slots.delete(slot.id)
    this.options.sensors?.tasksClosed.add(1)
    for (const { topic, partition } of slot.inputs) {
      this.#byInput.delete(tpKey(topic, partition))
      this.options.fetcher.unassign(topic, partition)
    }
    const running = task.state === 'running' ? task : task.state === 'suspended' ? task.running : undefined
    void this.#releasing(slot.id, () => this.#release(slot, running, how))
  }

  /** Queues work after the release of a task: until it is done, the task is not reopened here. */
  #releasing(id: TaskId, work: () => Promise<void>): Promise<void> {
    const before = this.#closing.get(id)
    const closing: Promise<void> = (async () => {
      await before
      await work()
    })().finally(() => {
      if (this.#closing.get(id) === closing) this.#closing.delete(id)
    })
    this.#closing.set(id, closing)
    return closing
  }

  async #release(slot: Slot, running: RunningTask | undefined, how: 'clean' | 'dirty'): Promise<void> {
    try {
      await this.#follower.remove(slot.id)
      // an open in progress can't be interrupted: two would share one database
      const stores = await slot.opening
      try {
        await running?.processing.close()
      } finally {
        await stores?.close(how)
        if (stores) this.#offsetSums.set(slot.id, stores.offsetSum)
      }
    } catch (error) {
      this.#closeFailed(slot, error)
    }
  }

  #closeFailed({ id }: Slot, error: unknown): void {
    this.options.logger.warn(
      { taskId: id, err: error },
      'closing a task failed; its state is restored where it runs next',
    )
  }
}

const describeGap = ({ store, changelog, contained, earliest, latest }: ChangelogGap): string => {
  const where = `changelog ${changelog.topic} partition ${changelog.partition} of store ${store}`
  if (earliest > contained + 1)
    return `${where} begins at offset ${earliest} and the local state ends at offset ${contained}`
  if (latest <= contained) return `${where} ends at offset ${latest} and the local state is ahead of it`
  return `${where} is read from its beginning, and the local state ends at offset ${contained}`
}

const identityOf = ({ id, subTopology, inputs }: TaskIdentity): TaskIdentity => ({ id, subTopology, inputs })

const storesOf = (task: Task): TaskStores | undefined => {
  switch (task.state) {
    case 'restoring':
    case 'running':
      return task.stores
    case 'suspended':
      return task.running.stores
    default:
      return undefined
  }
}
