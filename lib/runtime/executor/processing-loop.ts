import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { ResolvedConfig } from '../../config/config'
import type { Fetcher } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ThreadSensors } from '../../observe/metrics/thread-sensors'
import type { StreamsProducer } from '../output/streams-producer'
import type { IsolatedTasks } from '../failure/isolated-tasks'
import type { RunningTask } from '../tasks/task'
import type { Tasks } from '../tasks/tasks'
import type { Committer } from './committer'
import type { TaskInputs } from './task-inputs'

/** Failures of the loop, reported to its executor. The loop keeps running: the executor removes what has failed. */
export interface LoopListener {
  taskFailed(task: RunningTask, error: unknown): void
  failed(error: unknown): void
}

export interface ProcessingLoopOptions {
  readonly config: ResolvedConfig
  readonly fetcher: Fetcher
  readonly inputs: TaskInputs
  readonly producer: StreamsProducer
  readonly committer: Committer
  readonly tasks: Tasks
  /** Each of their records waits until the one before it is committed. */
  readonly isolated: IsolatedTasks
  /** Undefined: nothing is measured. */
  readonly sensors: ThreadSensors | undefined
  readonly logger: Logger
  readonly listener: LoopListener
}

/** How long work runs before timers and sockets get their turn. */
const SLICE_MS = 5
/** The most records of a task between two looks at the clock. */
const MAX_RUN = 32
const IDLE_POLL_MS = 1000
/** How long to wait while buffered records can't be processed yet: because of an empty partition, a slow operator or a full producer. */
const BLOCKED_POLL_MS = 100
/** Between two looks at whether inputs are idle. */
const SHORTEST_LOOK_MS = 20
/**
 * Uncommitted state of a task above which a commit is made early, whatever `maxUncommittedBytes` says: LevelDB's batch doubles
 * by copying what it has, and above 32 MiB, which this stays below, that would hold the event loop up for up to 20 ms.
 */
const LARGEST_BATCH_BYTES = 30 * 1024 * 1024
/** How long each slice has its own transaction after a callback has outlasted one. */
const CAUTIOUS_MS = 60_000

/**
 * Polls, passes records to tasks, processes them in slices of a few milliseconds, punctuates and commits. Between slices
 * the event loop gets its turn, so that heartbeats, queries and shutdown stay alive under full load; without work it waits
 * in `poll` for records or the next deadline.
 */
export class ProcessingLoop {
  #stopping = false
  #paused = false
  #commitRequested = false
  #lastCommit = performance.now()
  #firstTask = 0
  #turnedAt: number | undefined
  #waitingForProducer = false
  #woken = false
  /** Records of a task between two looks at the clock: fewer if they are slow, so that slices stay short. */
  #run = 1
  /** The longest slice since the last commit. */
  #longestSliceMs = 0
  #cautiousUntil = -Infinity

  constructor(private readonly options: ProcessingLoopOptions) {}

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      const turnedAt = performance.now()
      this.options.sensors?.turned(turnedAt - (this.#turnedAt ?? turnedAt), turnedAt)
      this.#turnedAt = turnedAt
      const busy = this.#work()
      if (this.#stopping) break
      this.#maybeCommit()
      await this.#poll(busy ? 0 : this.#idleTime())
      // whatever woke the loop up: timers and sockets get their turn before the next slice
      await yieldToEventLoop()
    }
    this.#turnedAt = undefined
  }

  /** How long the current turn takes so far; 0 while the loop does not run. */
  get sinceTurnMs(): number {
    return this.#turnedAt === undefined ? 0 : performance.now() - this.#turnedAt
  }

  stop(): void {
    this.#stopping = true
    this.wakeUp()
  }

  wakeUp(): void {
    this.#woken = true
    this.options.fetcher.wakeup()
  }

  requestCommit(): void {
    this.#commitRequested = true
    this.wakeUp()
  }

  /** Processes nothing until `resume`; membership and commits continue. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.wakeUp()
  }

  /** The longest time since the last commit that a callback blocked the event loop. */
  get longestBlockMs(): number {
    return Math.round(this.#longestSliceMs)
  }

  /** Closes the windows of a task. False if it can't process now, or awaits something: to be called again. */
  closeWindows(task: RunningTask): boolean {
    if (this.#paused || !task.isReady || !this.options.tasks.isRunning(task) || !this.#maySend()) return false
    this.options.committer.processed(performance.now())
    try {
      return task.processing.closeWindows()
    } catch (error) {
      this.options.listener.taskFailed(task, error)
      return false
    }
  }

  /**
   * The tasks were dropped after a failure. If a callback has outlasted the transaction, repeating the same would fail
   * the same way: from now on each slice has its own transaction, which the brokers learn of when the slice is over.
   */
  tasksDropped(): void {
    const { config, producer, logger } = this.options
    const blockedMs = this.longestBlockMs
    this.#longestSliceMs = 0
    if (!producer.transactional || blockedMs < config.transactionTimeoutMs / 2) return
    this.#cautiousUntil = performance.now() + CAUTIOUS_MS
    logger.warn(
      { blockedMs, transactionTimeoutMs: config.transactionTimeoutMs },
      `a callback kept the event loop for ${blockedMs} ms while a transaction was open, and the brokers end one after ` +
        `${config.transactionTimeoutMs} ms (transactionTimeout): what it held is done again, for now in many small transactions. ` +
        'Raise transactionTimeout above what callbacks take, or make them faster',
    )
  }

  /** One slice. True if there is more to do at once. */
  #work(): boolean {
    if (this.#paused) return false
    const { committer, tasks, inputs } = this.options
    const start = performance.now()
    const cautious = start < this.#cautiousUntil
    if (cautious && committer.inProgress) return false
    const progress = this.#processSlice(start)
    if (progress) {
      committer.processed(start)
      if (cautious) this.#commitRequested = true
    }
    const now = Date.now()
    for (const task of tasks.running) {
      if (progress) task.processing.sensors?.settle(now)
      // offsets without a record, as of an aborted transaction, fill a buffer, and passing them is no progress
      if (task.isReady && (progress || task.isThrottled)) inputs.throttle(task)
    }
    this.#sliceTook(performance.now() - start)
    return progress
  }

  #processSlice(start: number): boolean {
    const { running } = this.options.tasks
    if (running.length === 0 || !this.#maySend()) return false
    const now = Date.now()
    // each slice starts with another task
    const first = this.#firstTask++ % running.length
    let before = start
    let progress: boolean
    let anyProgress = false
    let total = 0
    do {
      progress = false
      for (let i = 0; i < running.length; i++) {
        const task = running[(first + i) % running.length]!
        if (!task.isReady || !this.options.tasks.isRunning(task)) continue
        const count = this.#processRun(task)
        if (count > 0) progress = anyProgress = true
        const after = performance.now()
        if (count > 0) task.processing.sensors?.ran(count, after - before)
        total += count
        this.#run = after - before < SLICE_MS ? Math.min(2 * this.#run, MAX_RUN) : 1
        before = after
        if (after - start >= SLICE_MS || !this.options.producer.writable) {
          this.options.sensors?.sliced(total, after - start)
          this.#punctuateWallClock(running, now)
          return true
        }
      }
    } while (progress)
    this.options.sensors?.sliced(total, before - start)
    return this.#punctuateWallClock(running, now) || anyProgress
  }

  /** A few records of one task. Returns how many there were; a failure counts as one. */
  #processRun(task: RunningTask): number {
    const { processing } = task
    const { isolated } = this.options
    const isIsolated = isolated.has(task.id)
    if (isIsolated && (processing.commitNeeded || processing.isBusy)) return 0
    let count: number
    try {
      count = processing.processUpTo(isIsolated ? 1 : this.#run)
      if (count === 0) return 0
      processing.maybePunctuateStreamTime()
    } catch (error) {
      this.options.listener.taskFailed(task, error)
      return 1
    }
    if (isIsolated) {
      isolated.processed(task.id)
      this.#commitRequested = true
    }
    return count
  }

  #punctuateWallClock(running: readonly RunningTask[], now: number): boolean {
    let punctuated = false
    for (const task of running) {
      if (!task.isReady || !this.options.tasks.isRunning(task)) continue
      try {
        if (task.processing.maybePunctuateWallClock(now)) punctuated = true
        if (task.passIdleTime(this.options.fetcher)) punctuated = true
      } catch (error) {
        this.options.listener.taskFailed(task, error)
      }
    }
    return punctuated
  }

  /** False while outputs can't be buffered, or a transaction must not grow. */
  #maySend(): boolean {
    const { producer, committer } = this.options
    if (!producer.writable) {
      if (!this.#waitingForProducer) {
        this.#waitingForProducer = true
        const proceed = (): void => {
          this.#waitingForProducer = false
          this.wakeUp()
        }
        // the next commit reports a failure, so it starts at once
        producer.collector.drained().then(proceed, () => {
          proceed()
          this.requestCommit()
        })
      }
      return false
    }
    return !(producer.transactional && (committer.suspended || committer.endsTransaction))
  }

  async #poll(maxWaitMs: number): Promise<void> {
    const { fetcher, inputs, producer, sensors, listener } = this.options
    const start = sensors === undefined ? 0 : performance.now()
    try {
      // a wake-up between the two polls ends neither of them
      this.#woken = false
      let arrived = await fetcher.poll(0)
      if (arrived.length === 0 && maxWaitMs > 0 && !this.#woken) {
        producer.idle()
        arrived = await fetcher.poll(maxWaitMs)
      }
      sensors?.poll.add(performance.now() - start)
      for (const fetched of arrived) inputs.take(fetched)
    } catch (error) {
      if (!this.#stopping) listener.failed(error)
    }
  }

  #maybeCommit(): void {
    const { committer, listener } = this.options
    if (committer.inProgress || committer.suspended) return
    if (!this.#commitDue()) return
    this.#commitRequested = false
    this.#lastCommit = performance.now()
    committer.commit().then(
      () => {
        this.#lastCommit = performance.now()
        this.#longestSliceMs = 0
        this.wakeUp()
      },
      (error: unknown) => listener.failed(error),
    )
  }

  #commitDue(): boolean {
    const { config, committer, tasks } = this.options
    const { running } = tasks
    let needed = committer.hasUnsentOffsets
    let dirtyBytes = 0
    let largest = 0
    let requested = this.#commitRequested
    for (const { processing, stores, isReady } of running) {
      needed ||= processing.commitNeeded
      // one that is held waits for its callbacks, and asks again when they are done
      requested ||= processing.commitRequested && isReady
      dirtyBytes += stores.state.dirtyBytes
      largest = Math.max(largest, stores.state.dirtyBytes)
    }
    if (requested) return running.length > 0
    if (!needed) return false
    if (dirtyBytes > config.maxUncommittedBytes || largest > LARGEST_BATCH_BYTES) return true
    return performance.now() - this.#lastCommit >= config.commitIntervalMs
  }

  /** Until the next deadline: a commit, a punctuation, another look at a task that waits for an empty partition. */
  #idleTime(): number {
    const { config, committer, tasks } = this.options
    const now = Date.now()
    let wait = IDLE_POLL_MS
    let commitNeeded = committer.hasUnsentOffsets
    for (const { processing } of tasks.running) {
      commitNeeded ||= processing.commitNeeded
      if (this.#paused) continue
      wait = Math.min(wait, processing.nextWallClockPunctuation() - now)
      if (processing.canBeIdle) wait = Math.min(wait, Math.max(config.emitIntervalMs, SHORTEST_LOOK_MS))
      if (processing.hasBuffered) wait = Math.min(wait, BLOCKED_POLL_MS)
    }
    if (commitNeeded && !committer.inProgress && !committer.suspended) {
      wait = Math.min(wait, this.#lastCommit + config.commitIntervalMs - performance.now())
    }
    return Math.max(1, Math.ceil(wait))
  }

  #sliceTook(tookMs: number): void {
    if (tookMs > this.#longestSliceMs) this.#longestSliceMs = tookMs
    const { sessionTimeoutMs } = this.options.config
    if (tookMs < sessionTimeoutMs / 2) return
    this.options.logger.warn(
      { blockedMs: Math.round(tookMs), sessionTimeoutMs },
      `a callback kept the event loop for ${Math.round(tookMs)} ms, and no heartbeat was sent in that time: after ` +
        `${sessionTimeoutMs} ms the group takes the tasks away. Return a promise for work that waits, move computing to a ` +
        'worker thread, or raise sessionTimeout',
    )
  }
}
