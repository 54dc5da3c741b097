import { StreamsError } from '../../errors'
import { ClientError, type CommittedOffset, type GroupMembership } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ActiveTask } from '../task/active-task'
import type { Output } from '../output/output'
import { pause, withDeadline } from '../pause'
import { type TopicPartition, tpKey } from '../../record/topic-partition'

export interface CommitterOptions {
  readonly output: Output
  readonly membership: () => GroupMembership
  readonly runningTasks: () => readonly ActiveTask[]
  readonly logger: Logger
  /** Tasks that were held may go on. */
  readonly released: () => void
  /** A task's async operators have caught up after a commit had to do without it. */
  readonly requestCommit: () => void
  readonly committed: (offsets: ReadonlyMap<string, TopicPartition & CommittedOffset>) => void
}

type OffsetsToSend = Map<string, TopicPartition & CommittedOffset & { readonly task: ActiveTask }>

interface Sealed {
  readonly task: ActiveTask
  readonly inputOffsets: ReadonlyMap<string, number>
}

/** How long a commit waits for async operators before it does without their tasks. */
const DRAIN_MS = 1000
const RETRY_MS = 50

/**
 * Makes progress durable, for all running tasks together, one commit at a time:
 *
 * 1. async operators are worked off, caches written out, the uncommitted state set apart (`seal`)
 * 2. outputs and changelogs are acknowledged; under exactly-once the transaction is committed with the input offsets
 * 3. state and changelog offsets go to disk in one batch a task
 * 4. under at-least-once the input offsets are committed
 *
 * A crash between any two steps leaves state at or behind its changelog. At-least-once processes on from step 2;
 * exactly-once from the end of the transaction.
 */
export class Committer {
  #queue: Promise<unknown> = Promise.resolve()
  #pending = 0
  #suspended = false
  #ending = false
  /** At-least-once: offsets whose commit a rebalance or an absent coordinator has kept back. */
  readonly #unsent: OffsetsToSend = new Map()
  /** Exactly-once: state of the last transaction, on its way to disk. */
  #stateWrites: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: CommitterOptions) {}

  get inProgress(): boolean {
    return this.#pending > 0
  }

  /** Exactly-once: what is open must not grow, by tasks that have begun to run meanwhile either: their offsets aren't in it. */
  get endsTransaction(): boolean {
    return this.#ending
  }

  get hasUnsentOffsets(): boolean {
    return this.#unsent.size > 0
  }

  /** No commit is to begin: between JoinGroup and the new assignment a transaction can't be committed, out of the group nothing can. */
  get suspended(): boolean {
    return this.#suspended
  }

  suspend(): void {
    this.#suspended = true
  }

  resume(): void {
    this.#suspended = false
  }

  /** Rejects with what went wrong; then nothing of this commit can be relied on. Without a bound, async operators are waited for. */
  commit(drainMs = DRAIN_MS): Promise<void> {
    this.#pending++
    const result = this.#queue.then(() =>
      this.options.output.transactional ? this.#commitTransaction() : this.#commitAtLeastOnce(drainMs),
    )
    this.#queue = result.then(
      () => this.#pending--,
      () => this.#pending--,
    )
    return result
  }

  /**
   * Commits until nothing is left over, as before tasks move away: what stayed uncommitted would be done twice. False
   * if the time was up first.
   */
  async commitAll(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const left = deadline - performance.now()
      const committing = this.commit(left)
      if ((await withDeadline(committing, left)) === 'timeout') {
        committing.catch(() => {})
        return false
      }
      if (!this.hasUnsentOffsets) return true
      if (performance.now() + RETRY_MS > deadline) return false
      await pause(RETRY_MS)
    }
  }

  /** Resolves when no commit touches any task any more. */
  async idle(): Promise<void> {
    await this.#queue
    await this.#stateWrites.catch(() => {})
  }

  /** Tasks were dropped, and what they have not committed with them: no later commit hears of it. */
  forget(): void {
    this.#unsent.clear()
    this.#stateWrites = this.#stateWrites.catch(() => {})
  }

  async #commitAtLeastOnce(drainMs: number): Promise<void> {
    const { output, runningTasks, released } = this.options
    const tasks = await this.#drained(runningTasks(), drainMs)
    const offsets: OffsetsToSend = new Map()
    const sealed = await this.#seal(tasks, offsets)
    if (sealed.length > 0) {
      const flushed = output.producer.flush()
      for (const task of tasks) task.held = false
      released()
      await this.#writeState(sealed, await flushed)
      for (const [key, offset] of offsets) this.#unsent.set(key, offset)
    } else {
      for (const task of tasks) task.held = false
      released()
    }
    await this.#sendOffsets()
  }

  async #commitTransaction(): Promise<void> {
    await this.#stateWrites
    this.#ending = true
    try {
      await this.#endTransaction()
    } finally {
      this.#ending = false
    }
    this.options.released()
  }

  async #endTransaction(): Promise<void> {
    const { output, membership, runningTasks } = this.options
    const tasks = await this.#drained(runningTasks(), Infinity)
    const offsets: OffsetsToSend = new Map()
    const sealed = await this.#seal(tasks, offsets)
    if (sealed.length > 0) {
      const { producer } = output
      const [acked] = await Promise.all([
        producer.flush(),
        producer.sendOffsets([...offsets.values()].map(bare), membership().metadata()),
      ])
      await producer.commit()
      producer.begin()
      this.#stateWrites = this.#writeState(sealed, acked)
      // the next commit hears of a failure
      this.#stateWrites.catch(() => {})
      this.options.committed(offsets)
    }
    for (const task of tasks) task.held = false
  }

  /** Holds the tasks and waits for their async operators. Those still busy after `ms` stay held, and ask for a commit later. */
  async #drained(tasks: readonly ActiveTask[], ms: number): Promise<ActiveTask[]> {
    const drained = new Set<ActiveTask>()
    const all = tasks.map(async (task) => {
      task.held = true
      await task.stream!.drained()
      drained.add(task)
    })
    await withDeadline(Promise.all(all), ms)
    for (const [i, task] of tasks.entries()) {
      if (!drained.has(task)) void all[i]!.then(this.options.requestCommit, this.options.requestCommit)
    }
    return tasks.filter((task) => drained.has(task) && !task.isClosed)
  }

  /** The tasks stay held meanwhile: all of it belongs to one point in each input. */
  async #seal(tasks: readonly ActiveTask[], offsets: OffsetsToSend): Promise<Sealed[]> {
    const worked = tasks.filter(({ stream }) => stream!.commitNeeded || stream!.commitRequested)
    for (const { stream } of worked) {
      // a cache may write out into an async operator
      while (!stream!.prepareCommit()) await stream!.drained()
    }
    await this.options.output.collector.settled()
    return worked
      .filter((task) => !task.isClosed)
      .map((task) => {
        const inputOffsets = new Map<string, number>()
        for (const { topic, partition, offset, metadata } of task.stream!.committableOffsets()) {
          const key = tpKey(topic, partition)
          inputOffsets.set(key, offset)
          offsets.set(key, { topic, partition, offset, metadata, task })
        }
        task.state!.seal()
        return { task, inputOffsets }
      })
  }

  async #writeState(sealed: readonly Sealed[], acked: ReadonlyMap<string, number>): Promise<void> {
    try {
      await Promise.all(
        sealed
          .filter(({ task }) => !task.isClosed)
          .map(({ task, inputOffsets }) => task.state!.commit(task.changelogOffsets(acked, inputOffsets))),
      )
    } catch (error) {
      if (error instanceof StreamsError) throw error
      throw new StreamsError(
        'STATE_STORE_FAILED',
        `local state can't be written: ${(error as Error).message}. Check free space and permissions of stateDir`,
        {},
        { cause: error },
      )
    }
  }

  async #sendOffsets(): Promise<void> {
    for (const [key, { task }] of this.#unsent) if (task.isClosed) this.#unsent.delete(key)
    if (this.#unsent.size === 0) return
    const sending = new Map(this.#unsent)
    try {
      await this.options.membership().commit([...sending.values()].map(bare))
    } catch (error) {
      // kept back by a rebalance, or by an absent coordinator; fenced means sent in one generation and judged in the next, or
      // out of the group, which the membership finds out by itself
      if (!(error instanceof ClientError) || !['rebalance', 'retriable', 'fenced'].includes(error.kind)) throw error
      const log = error.kind === 'retriable' ? 'warn' : 'debug'
      this.options.logger[log]({ err: error }, 'offsets could not be committed now, they will be with the next commit')
      return
    }
    for (const [key, offset] of sending) {
      offset.task.hasCommitted(key, offset)
      if (this.#unsent.get(key) === offset) this.#unsent.delete(key)
    }
    this.options.committed(sending)
  }
}

const bare = ({
  topic,
  partition,
  offset,
  metadata,
}: TopicPartition & CommittedOffset): TopicPartition & CommittedOffset => ({
  topic,
  partition,
  offset,
  metadata,
})
