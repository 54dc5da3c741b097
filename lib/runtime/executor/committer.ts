import { StreamsError } from '../../errors'
import { ClientError, type CommittedOffset, type GroupMetadata } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import { breathe } from '../../state/breathe'
import { TransactionBlocked } from '../failure/transaction-blocked'
import type { StreamsProducer } from '../output/streams-producer'
import { abortable, pause, withDeadline } from '../pause'
import type { RunningTask } from '../tasks/task'
import { PendingCallbacks, type PendingCallbacksListener } from './pending-callbacks'

export interface CommitterListener extends PendingCallbacksListener {
  committed(offsets: ReadonlyMap<string, TopicPartition & CommittedOffset>): void
  /** A task can't be committed; the others are. */
  taskFailed(task: RunningTask, error: unknown): void
}

export interface CommitterOptions {
  readonly producer: StreamsProducer
  readonly group: {
    metadata(): GroupMetadata
    commit(offsets: ReadonlyArray<TopicPartition & CommittedOffset>): Promise<void>
  }
  readonly tasks: { readonly running: readonly RunningTask[]; isRunning(task: RunningTask): boolean }
  readonly transactionTimeoutMs: number
  /** A commit is complete. */
  readonly completed?: (durationMs: number) => void
  readonly logger: Logger
  readonly listener: CommitterListener
}

type OffsetsToSend = Map<string, TopicPartition & CommittedOffset & { readonly task: RunningTask }>

interface Sealed {
  readonly task: RunningTask
  readonly inputOffsets: ReadonlyMap<string, number>
}

interface Prepared {
  readonly ready: readonly RunningTask[]
  readonly failed: readonly RunningTask[]
  readonly release: () => void
}

/** How long a commit waits for pending callbacks before it skips their tasks. */
const DRAIN_MS = 200
const RETRY_MS = 50
/** Fraction of the transaction timeout: the rest is for the commit itself. */
const BLOCKED_AFTER = 1 / 2
/** Fraction of the transaction timeout: a commit waits no longer for pending callbacks, since other tasks write to the transaction in that time. */
const DRAIN_PART = 1 / 4

/**
 * Makes progress durable, for all running tasks together, one commit at a time:
 *
 * 1. pending callbacks are awaited, caches flushed (large ones in slices), the uncommitted state sealed (`seal`)
 * 2. outputs and changelogs are acknowledged; under exactly-once the transaction is committed with the input offsets
 * 3. state and changelog offsets are written to disk, in one batch per task; under at-least-once only while the lease holds
 * 4. under at-least-once the input offsets are committed
 *
 * A crash between any two steps leaves state at or behind its changelog. At-least-once resumes processing after step 2,
 * exactly-once after the end of the transaction. A task whose callbacks are still pending is committed later: under
 * exactly-once only if it has written nothing to the transaction, else the transaction waits for it. What it writes while the
 * transaction is being committed is withheld until the next one has begun.
 */
export class Committer {
  #queue: Promise<unknown> = Promise.resolve()
  #pending = 0
  #suspended = false
  #ending = false
  /** Aborted when what is uncommitted is dropped. */
  #era = new AbortController()
  /** Exactly-once: the earliest time at which the transaction may have been written to. */
  #openSince: number | undefined
  /** At-least-once: offsets whose commit was held up by a rebalance or an unavailable coordinator. */
  readonly #unsent: OffsetsToSend = new Map()
  readonly #callbacks: PendingCallbacks
  /** Exactly-once: state of the last transaction, on its way to disk. */
  #stateWrites: Promise<unknown> = Promise.resolve()

  constructor(private readonly options: CommitterOptions) {
    this.#callbacks = new PendingCallbacks(options.tasks, options.listener)
  }

  get inProgress(): boolean {
    return this.#pending > 0
  }

  /** Exactly-once: the transaction must not grow, not even by tasks that started after it was sealed. */
  get endsTransaction(): boolean {
    return this.#ending
  }

  get hasUnsentOffsets(): boolean {
    return this.#unsent.size > 0
  }

  /** No commit may start: between JoinGroup and the new assignment no transaction can be committed, and outside the group nothing can. */
  get suspended(): boolean {
    return this.#suspended
  }

  suspend(): void {
    this.#suspended = true
  }

  resume(): void {
    this.#suspended = false
  }

  /** Records were processed: from now on there may be something in the transaction. */
  processed(now: number): void {
    this.#openSince ??= now
  }

  /**
   * Rejects if the commit fails; then no part of it can be relied on. Resolves without an effect if the uncommitted
   * work is dropped before it is done.
   */
  commit(): Promise<void> {
    this.#pending++
    const { signal } = this.#era
    const result = this.#queue
      .then(async () => {
        signal.throwIfAborted()
        const start = performance.now()
        await (this.options.producer.transactional ? this.#commitTransaction(signal) : this.#commitAtLeastOnce(signal))
        this.options.completed?.(performance.now() - start)
      })
      .catch((error: unknown) => {
        if (!signal.aborted) throw error
        this.options.logger.debug({ err: error }, 'a commit failed whose tasks have been dropped since')
      })
    this.#queue = result.then(
      () => this.#pending--,
      () => this.#pending--,
    )
    return result
  }

  /**
   * Commits until these tasks have nothing uncommitted, as before they move away: uncommitted work would be done
   * twice. A task that fails meanwhile is reported to the listener, and is not waited for. False if the time is up first.
   */
  async commitAll(timeoutMs: number, tasks = this.options.tasks.running): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const committing = this.commit()
      if ((await withDeadline(committing, deadline - performance.now())) === 'timeout') {
        committing.catch(() => {})
        return false
      }
      if (!this.hasUnsentOffsets && !tasks.some((task) => this.#isUncommitted(task))) return true
      if (performance.now() + RETRY_MS > deadline) return false
      await pause(RETRY_MS)
    }
  }

  #isUncommitted(task: RunningTask): boolean {
    const { isBusy, commitNeeded, hasFailed } = task.processing
    return this.options.tasks.isRunning(task) && !hasFailed && (isBusy || commitNeeded)
  }

  /** Resolves when no commit uses any task any longer. */
  async idle(): Promise<void> {
    await this.#queue
    await this.#stateWrites.catch(() => {})
  }

  /** Tasks were dropped, with their uncommitted work: results of commits in progress are ignored, and no flush is waited for. */
  forget(): void {
    this.#era.abort(new Error('what was to be committed was dropped'))
    this.#era = new AbortController()
    this.#unsent.clear()
    this.#openSince = undefined
    this.#stateWrites = this.#stateWrites.catch(() => {})
  }

  async #commitAtLeastOnce(signal: AbortSignal): Promise<void> {
    const { producer } = this.options
    const releaseSettled = await this.#settle(DRAIN_MS, signal)
    const { ready, release } = this.#prepare()
    releaseSettled()
    try {
      await abortable(producer.collector.settled(), signal)
      const { sealed, offsets } = this.#seal(ready)
      if (sealed.length > 0) {
        const flushed = abortable(producer.flush(), signal)
        release()
        const acked = await flushed
        // What is acknowledged later may lie in a changelog behind writes of another owner, which this state does not contain. It
        // stays uncommitted: the next commit includes it, unless the membership is lost.
        if (!producer.holdsLease) return
        const written = await this.#writeState(sealed, acked)
        for (const task of written) if (this.options.tasks.isRunning(task)) task.processing.committed()
        for (const [key, offset] of offsets) if (written.has(offset.task)) this.#unsent.set(key, offset)
      }
    } finally {
      release()
    }
    await this.#sendOffsets()
  }

  async #commitTransaction(signal: AbortSignal): Promise<void> {
    await this.#stateWrites
    const { producer, group, tasks, listener } = this.options
    const releaseSettled = await this.#settle(this.#transactionalDrainMs, signal)
    const releases: (() => void)[] = []
    this.#ending = true
    try {
      for (const task of tasks.running) this.#flushCaches(task)
      const busy = tasks.running.filter(({ processing }) => processing.isBusy)
      const blocking = busy.filter(hasWritten)
      const part = blocking.length > 0 ? undefined : this.#prepare()
      releaseSettled()
      if (!part) return this.#throwIfBlocked(blocking)
      const { ready, failed, release } = part
      releases.push(release)
      if (failed.some(({ processing }) => processing.hasUncommittedEffects)) return
      const { current, collector } = producer
      // awaited only where something is on its way: callbacks of the others may settle in that time
      if (!collector.isSettled) await abortable(collector.settled(), signal)
      const late = busy.find(hasWritten)
      if (late) throw new ClientError('abortable', `task ${late.id} wrote to a transaction that is being committed`)
      // what they write from here on belongs to the next transaction
      releases.push(collector.withhold())
      const { sealed, offsets } = this.#seal(ready)
      if (sealed.length > 0) {
        const [acked] = await Promise.all([
          producer.flush(),
          current.sendOffsets([...offsets.values()].map(bare), group.metadata()),
        ])
        await current.commit()
        current.begin()
        for (const { task } of sealed) if (tasks.isRunning(task)) task.processing.committed()
        this.#stateWrites = this.#writeState(sealed, acked)
        listener.committed(offsets)
      }
      this.#openSince = undefined
    } finally {
      this.#ending = false
      for (const release of releases) release()
      listener.released()
    }
  }

  /**
   * Waits for pending callbacks and flushes large caches. The returned function releases the tasks that are held for it. Throws if
   * the commit was dropped in that time: tasks that have started since belong to the next one.
   */
  async #settle(drainMs: number, signal: AbortSignal): Promise<() => void> {
    const releaseDrained = await this.#callbacks.drain(drainMs)
    const releaseFlushed = await this.#flushInSlices(signal)
    const release = (): void => {
      releaseFlushed()
      releaseDrained()
    }
    if (signal.aborted) release()
    signal.throwIfAborted()
    return release
  }

  /**
   * Flushes the caches of the tasks that will be prepared, which does it in one turn of the event loop. Until the returned
   * function is called, they process nothing: what they write would have to be flushed again.
   */
  async #flushInSlices(signal: AbortSignal): Promise<() => void> {
    const { tasks } = this.options
    const releases: (() => void)[] = []
    const pause = breathe()
    for (const task of tasks.running) {
      if (task.processing.isBusy || !task.processing.commitNeeded) continue
      releases.push(task.hold())
      while (!signal.aborted && tasks.isRunning(task) && !this.#flushCaches(task, () => pause.due())) await pause.take()
    }
    return () => {
      for (const release of releases) release()
    }
  }

  /**
   * Writes out the caches of a task: what it writes belongs to the transaction, and callbacks may have to be awaited for it.
   * False: it was `due` to pause.
   */
  #flushCaches(task: RunningTask, due?: () => boolean): boolean {
    try {
      return task.processing.flushCaches(due)
    } catch (error) {
      this.options.listener.taskFailed(task, error)
      return true
    }
  }

  #throwIfBlocked(blocking: readonly RunningTask[]): void {
    // written by callbacks that have settled since the last commit
    this.#openSince ??= performance.now()
    if (this.#openForMs < this.options.transactionTimeoutMs * BLOCKED_AFTER) return
    throw new TransactionBlocked(blocking, Math.round(this.#openForMs))
  }

  get #openForMs(): number {
    return this.#openSince === undefined ? 0 : performance.now() - this.#openSince
  }

  get #transactionalDrainMs(): number {
    const { transactionTimeoutMs } = this.options
    const untilBlocked = transactionTimeoutMs * BLOCKED_AFTER - this.#openForMs
    return Math.max(0, Math.min(DRAIN_MS, transactionTimeoutMs * DRAIN_PART, untilBlocked))
  }

  /** Flushes the caches of all tasks that await nothing, and holds them: everything belongs to one point in each input. */
  #prepare(): Prepared {
    const { tasks, listener } = this.options
    const failed: RunningTask[] = []
    const ready: RunningTask[] = []
    const releases: (() => void)[] = []
    for (const task of tasks.running) {
      const { processing } = task
      if (processing.isBusy) continue
      releases.push(task.hold())
      if (!processing.commitNeeded && !processing.commitRequested) continue
      try {
        // false: a cache has written out into a callback, which the next commit awaits
        if (processing.prepareCommit()) ready.push(task)
      } catch (error) {
        failed.push(task)
        listener.taskFailed(task, error)
      }
    }
    const release = (): void => {
      for (const end of releases.splice(0)) end()
      listener.released()
    }
    return { ready, failed, release }
  }

  /** Sets apart what these tasks have not committed. */
  #seal(ready: readonly RunningTask[]): { readonly sealed: readonly Sealed[]; readonly offsets: OffsetsToSend } {
    const { tasks } = this.options
    const offsets: OffsetsToSend = new Map()
    const sealed = ready
      .filter((task) => tasks.isRunning(task))
      .map((task) => {
        const inputOffsets = new Map<string, number>()
        for (const committable of task.processing.committableOffsets()) {
          const key = tpKey(committable.topic, committable.partition)
          inputOffsets.set(key, committable.offset)
          offsets.set(key, { ...committable, task })
        }
        task.stores.state.seal()
        return { task, inputOffsets }
      })
    return { sealed, offsets }
  }

  /** Resolves with the tasks whose state is on disk. */
  async #writeState(sealed: readonly Sealed[], acked: ReadonlyMap<string, number>): Promise<ReadonlySet<RunningTask>> {
    const { tasks, listener } = this.options
    const written = new Set<RunningTask>()
    await Promise.all(
      sealed.map(async ({ task, inputOffsets }) => {
        if (!tasks.isRunning(task)) return
        try {
          await task.stores.state.commit(task.stores.offsetsContained(acked, inputOffsets))
          written.add(task)
        } catch (error) {
          if (tasks.isRunning(task)) listener.taskFailed(task, stateFailure(task, error))
        }
      }),
    )
    return written
  }

  async #sendOffsets(): Promise<void> {
    const { group, tasks, listener, logger } = this.options
    const isOurs = (task: RunningTask): boolean => tasks.isRunning(task)
    for (const [key, { task }] of this.#unsent) if (!isOurs(task)) this.#unsent.delete(key)
    if (this.#unsent.size === 0) return
    const sending = new Map(this.#unsent)
    for (const [key, offset] of sending) offset.task.isCommitting(key, offset)
    try {
      await group.commit([...sending.values()].map(bare))
    } catch (error) {
      // held up by a rebalance, or by an unavailable coordinator; fenced means sent in one generation and judged in the next, or
      // outside the group, which the membership detects by itself
      if (!(error instanceof ClientError) || !['rebalance', 'retriable', 'fenced'].includes(error.kind)) throw error
      const log = error.kind === 'retriable' ? 'warn' : 'debug'
      logger[log]({ err: error }, 'offsets could not be committed now, they will be with the next commit')
      return
    }
    for (const [key, offset] of sending) {
      offset.task.hasCommitted(key, offset)
      if (this.#unsent.get(key) === offset) this.#unsent.delete(key)
    }
    listener.committed(sending)
  }
}

/** Whether a task whose callback is pending has written to the transaction. */
const hasWritten = ({ processing, stores }: RunningTask): boolean =>
  processing.hasUncommittedEffects || stores.state.dirtyBytes > 0

const stateFailure = ({ id }: RunningTask, error: unknown): StreamsError =>
  error instanceof StreamsError
    ? error
    : new StreamsError(
        'STATE_STORE_FAILED',
        `the state of task ${id} can't be written: ${(error as Error).message}. Check free space and permissions of stateDir`,
        { taskId: id },
        { cause: error },
      )

const bare = ({
  task: _,
  ...offset
}: TopicPartition & CommittedOffset & { readonly task: RunningTask }): TopicPartition & CommittedOffset => offset
