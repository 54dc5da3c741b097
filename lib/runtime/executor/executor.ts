import type { StreamsError } from '../../errors'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { ClusterView } from '../../query/cluster-view'
import type { TaskId } from '../../record/task-id'
import type { MissingDependency } from '../../serdes/missing-dependency'
import type { Failure, Remedy } from '../failure/failure-policy'
import { retrying } from '../failure/retrying'
import { toStreamsError } from '../failure/streams-error'
import { pause } from '../pause'
import type { RunningTask, Task } from '../tasks/task'
import type { ExecutorOptions } from './executor-options'
import type { RebalanceEvent } from './rebalance-listener'
import { type ExecutorParts, wire } from './wiring'

/**
 * Owns a loop, a producer, a committer, a membership in the group, and its tasks. After a failure, only the smallest
 * affected part restarts: one task, or everything that shares the producer.
 */
export class Executor {
  readonly #parts: ExecutorParts
  /** Undefined until the producer is open. */
  #looping: Promise<void> | undefined
  /** The tasks of the last assignment are this executor's, and no source topic is missing. */
  #assigned = false
  #cluster: ClusterView | undefined
  #stopping = false
  /** Of a task, after `stop`: it can't restart any more. */
  #lastFailure: Failure | undefined

  constructor(private readonly options: ExecutorOptions) {
    this.#parts = wire(options, {
      rejoining: () => this.#clusterChanges({ rebalancing: true }),
      // not running while tasks are being closed: with none remaining it would seem to be
      assigning: ({ hosts, generation, followUp }) => {
        this.#assigned = false
        this.#cluster = { hosts, generation, rebalancing: followUp }
      },
      lost: () => {
        this.#assigned = false
        this.#clusterChanges({ generation: -1, rebalancing: true })
      },
      rebalanced: (event, missingTopics) => this.#rebalanced(event, missingTopics),
      ended: (error) => this.#end(toStreamsError(error)),
      tasksChanged: () => this.#changed(),
      taskFailed: (task, error) => this.#taskFailed(task, error),
      failed: (failure) => this.#failed(failure),
      stopping: () => this.#stopping,
    })
  }

  get tasks(): readonly Task[] {
    return this.#parts.tasks.all
  }

  /** What is still to be replayed into the stores of tasks, by task, counted by offsets. */
  get restoreRemaining(): ReadonlyMap<TaskId, number> {
    return this.#parts.tasks.restoreRemaining
  }

  /** Undefined: nothing is measured. */
  get sensors(): ThreadSensors | undefined {
    return this.options.sensors
  }

  /** In the group, no topic missing, and all assigned tasks processing. */
  get isRunning(): boolean {
    return this.#assigned && this.#parts.tasks.allRunning
  }

  /** `undefined` before the first assignment. */
  get cluster(): ClusterView | undefined {
    return this.#cluster
  }

  /** False once another instance may have this one's tasks. */
  get holdsLease(): boolean {
    return this.#parts.membership.lease.holds()
  }

  /** How long ago the loop last completed a turn; 0 while it does not run. */
  get sinceTurnMs(): number {
    return this.#parts.loop.sinceTurnMs
  }

  /** Resolves when the first assignment is accepted; its tasks may still be restoring. */
  async start(): Promise<void> {
    const { tasks, producer, loop, membership } = this.#parts
    await tasks.readLocalState()
    await producer.open()
    this.#looping = loop.run()
    await membership.join()
  }

  pause(): void {
    this.#parts.loop.pause()
  }

  resume(): void {
    this.#parts.loop.resume()
  }

  requestCommit(): void {
    this.#parts.loop.requestCommit()
  }

  /** False if the windows of the task can't be closed now: to be called again. */
  closeWindows(task: RunningTask): boolean {
    return this.#parts.loop.closeWindows(task)
  }

  requestRejoin(reason: string): void {
    this.#parts.membership.requestRejoin(reason)
  }

  /** Processes nothing more, and starts no task. */
  stop(): void {
    this.#stopping = true
    this.#parts.loop.pause()
  }

  /** After `stop`: the last commit. False if it failed, or took longer than `ms`. */
  async commit(ms: number): Promise<boolean> {
    const { tasks, committer } = this.#parts
    const { logger } = this.options
    if (this.#looping === undefined) return true
    if (tasks.suspended.length > 0) {
      logger.warn(
        {},
        'closing while out of the group: what was not committed before is processed again by the next owner',
      )
      return false
    }
    try {
      const isDone = await committer.commitAll(ms)
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
    const { loop, tasks, committer, membership, producer, fetcher, purge } = this.#parts
    return [
      async () => {
        loop.stop()
        await this.#looping
      },
      async () => {
        const ids = tasks.all.map(({ id }) => id)
        tasks.close(ids, how)
        await committer.idle()
        await tasks.shutdown()
      },
      () => (how === 'dirty' ? this.#deliver() : Promise.resolve()),
      () => membership.leave({ force: leaveGroup }),
      () => producer.close(),
      () => fetcher.close(),
      () => purge.close(),
    ]
  }

  /** At-least-once: what was sent before a failure, and dead letters about it, are delivered while the group still knows this member. */
  async #deliver(): Promise<void> {
    const { producer, membership } = this.#parts
    if (producer.transactional || !membership.lease.holds()) return
    await producer.deliver().catch((error: unknown) => {
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
    const { tasks, producer } = this.#parts
    if (!tasks.isRunning(task)) return
    const inTransaction = producer.transactional && task.processing.hasUncommittedEffects
    this.#failed({ error, taskId: task.id, inTransaction })
  }

  #failed(failure: Failure): void {
    if (this.options.signal.aborted) return
    if (this.#stopping) {
      if (failure.taskId !== undefined) this.#lastFailure ??= failure
      return
    }
    const { policy, diagnostics } = this.#parts
    const remedy = policy.decide(failure)
    if ('end' in remedy) return this.#end(remedy.error)
    diagnostics.publish('millrace:error', () => ({
      error: failure.error,
      taskId: failure.taskId ?? null,
      outcome: remedy.restart === 'task' ? 'task restarts' : 'all tasks restart',
    }))
    if (remedy.restart === 'task') this.#restartTask(remedy, failure.error)
    else this.#restartAll(remedy.missing, failure)
  }

  #restartTask({ taskId, delayMs, missing }: Extract<Remedy, { restart: 'task' }>, error: unknown): void {
    const { tasks, producer } = this.#parts
    this.options.logger.warn(
      { err: error, taskId },
      `task ${taskId} failed and restarts from its last commit; the others keep processing`,
    )
    const settled = producer.transactional ? undefined : producer.settle()
    tasks.restart([taskId], this.#readyAfter(delayMs, missing, settled))
  }

  #restartAll(missing: MissingDependency | undefined, { error, taskId }: Failure): void {
    const { tasks, producer, committer, loop, purge, membership } = this.#parts
    this.options.logger.warn(
      { err: error, ...(taskId === undefined ? {} : { taskId }) },
      'uncommitted work is dropped, and all tasks restart from the last commit',
    )
    this.options.sensors?.failed()
    loop.tasksDropped()
    committer.forget()
    purge.forget()
    producer.renew().catch((thrown: unknown) => this.#failed({ error: thrown }))
    tasks.restart(
      tasks.all.map(({ id }) => id),
      this.#readyAfter(0, missing),
    )
    // the leader ensures that all internal topics exist
    membership.requestRejoin('tasks restart after a failure')
  }

  /** Settles when failed tasks can start again. */
  #readyAfter(delayMs: number, missing: MissingDependency | undefined, settled?: Promise<void>): Promise<void> {
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
