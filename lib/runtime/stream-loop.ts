import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { ResolvedConfig } from '../config'
import { StreamsError } from '../errors'
import { type FetchedPartition, type Fetcher } from '../kafka/port'
import type { Logger } from '../observe/logger'
import type { ActiveTask } from './task/active-task'
import type { Committer } from './commit/committer'
import type { Output } from './output/output'
import { tpKey } from '../record/topic-partition'

export interface StreamLoopOptions {
  readonly config: ResolvedConfig
  readonly fetcher: Fetcher
  readonly output: Output
  readonly committer: Committer
  readonly runningTasks: () => readonly ActiveTask[]
  readonly taskOf: (topic: string, partition: number) => ActiveTask | undefined
  /** An input partition no longer has the offset to read next. */
  readonly offsetOutOfRange: (task: ActiveTask, topic: string, partition: number) => Promise<void>
  readonly logger: Logger
  /** The loop goes on: what has failed is taken out of its hands. */
  readonly failed: (error: unknown) => void
}

/** Work goes on for this long before timers and sockets get their turn. */
const SLICE_MS = 5
/** At most so many records of a task at a stretch, before another look at the clock. */
const MAX_STRETCH = 32
const IDLE_POLL_MS = 1000
/** With records at hand that can't be processed yet: for an empty partition, a slow operator or a full producer. */
const BLOCKED_POLL_MS = 100
/** How long each slice has a transaction of its own after a callback has outlasted one. */
const CAUTIOUS_MS = 60_000

/**
 * Polls, hands records to tasks, processes them in slices of a few milliseconds, punctuates and commits. Between slices
 * the event loop has its turn, so that heartbeats, queries and shutdown go on under full load; without work it waits
 * in `poll` for records or the next deadline.
 */
export class StreamLoop {
  #stopping = false
  #paused = false
  #commitRequested = false
  #lastCommit = performance.now()
  #firstTask = 0
  #waitingForProducer = false
  /** Records of a task between two looks at the clock: few where they take long, so that slices stay short. */
  #stretch = 1
  /** The longest slice since the last commit. */
  #longestSliceMs = 0
  #cautiousUntil = -Infinity

  constructor(private readonly options: StreamLoopOptions) {}

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      const busy = this.#work()
      if (this.#stopping) break
      this.#maybeCommit()
      await this.#poll(busy ? 0 : this.#idleTime())
      // whatever woke the loop up: timers and sockets have their turn before the next slice
      await yieldToEventLoop()
    }
  }

  stop(): void {
    this.#stopping = true
    this.wake()
  }

  wake(): void {
    this.options.fetcher.wakeup()
  }

  requestCommit(): void {
    this.#commitRequested = true
    this.wake()
  }

  /** Processes nothing until `resume`; membership and commits go on. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.wake()
  }

  /**
   * The tasks were dropped after a failure. Where a callback has outlasted the transaction, doing the same again would end
   * the same way: from now on each slice has a transaction of its own, of which the brokers hear when the slice is over.
   */
  tasksDropped(): void {
    const { config, output, logger } = this.options
    const blockedMs = Math.round(this.#longestSliceMs)
    this.#longestSliceMs = 0
    if (!output.transactional || blockedMs < config.transactionTimeoutMs / 2) return
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
    const start = performance.now()
    const cautious = start < this.#cautiousUntil
    if (cautious && this.options.committer.inProgress) return false
    try {
      const progress = this.#processSlice(start)
      if (progress) for (const task of this.options.runningTasks()) if (task.isWorking) this.#adjustInputs(task)
      if (cautious && progress) this.#commitRequested = true
      return progress
    } catch (error) {
      this.options.failed(error)
      return false
    } finally {
      this.#sliceTook(performance.now() - start)
    }
  }

  #processSlice(start: number): boolean {
    const tasks = this.options.runningTasks()
    if (tasks.length === 0 || !this.#maySend()) return false
    const now = Date.now()
    // each slice begins with another task
    const first = this.#firstTask++ % tasks.length
    let before = start
    let progress: boolean
    let anyProgress = false
    do {
      progress = false
      for (let i = 0; i < tasks.length; i++) {
        const task = tasks[(first + i) % tasks.length]!
        if (!task.isWorking) continue
        const stream = task.stream!
        let records = 0
        while (records < this.#stretch && stream.process()) records++
        if (records > 0) {
          progress = anyProgress = true
          stream.maybePunctuateStreamTime()
        }
        const after = performance.now()
        this.#stretch = after - before < SLICE_MS ? Math.min(2 * this.#stretch, MAX_STRETCH) : 1
        before = after
        if (after - start >= SLICE_MS || !this.options.output.writable) {
          this.#punctuateWallClock(tasks, now)
          return true
        }
      }
    } while (progress)
    return this.#punctuateWallClock(tasks, now) || anyProgress
  }

  #punctuateWallClock(tasks: readonly ActiveTask[], now: number): boolean {
    let punctuated = false
    for (const task of tasks) {
      if (task.isWorking && task.stream!.maybePunctuateWallClock(now)) punctuated = true
    }
    return punctuated
  }

  /** False while outputs can't be buffered, or a transaction must not grow. */
  #maySend(): boolean {
    const { output, committer } = this.options
    if (!output.writable) {
      if (!this.#waitingForProducer) {
        this.#waitingForProducer = true
        const goOn = (): void => {
          this.#waitingForProducer = false
          this.wake()
        }
        // the next commit hears of a failure, so it begins at once
        output.collector.drained().then(goOn, () => {
          goOn()
          this.requestCommit()
        })
      }
      return false
    }
    return !(output.transactional && (committer.suspended || committer.endsTransaction))
  }

  async #poll(maxWaitMs: number): Promise<void> {
    let fetched: FetchedPartition[]
    try {
      fetched = await this.options.fetcher.poll(maxWaitMs)
    } catch (error) {
      if (!this.#stopping) this.options.failed(error)
      return
    }
    for (const partition of fetched) {
      const task = this.options.taskOf(partition.topic, partition.partition)
      if (!task) continue
      try {
        if (partition.error) await this.#partitionFailed(task, partition)
        else {
          task.stream!.addRecords(partition)
          this.#adjustInputs(task)
        }
      } catch (error) {
        this.options.failed(error)
      }
    }
  }

  /** Pauses input partitions of which enough is buffered, and resumes the others. */
  #adjustInputs(task: ActiveTask): void {
    const { fetcher } = this.options
    for (const { topic, partition } of task.inputs) {
      const key = tpKey(topic, partition)
      const full = task.stream!.isFull(topic, partition)
      if (full === task.paused.has(key)) continue
      if (full) {
        task.paused.add(key)
        fetcher.pause(topic, partition)
      } else {
        task.paused.delete(key)
        fetcher.resume(topic, partition)
      }
    }
  }

  async #partitionFailed(task: ActiveTask, { topic, partition, error }: FetchedPartition): Promise<void> {
    const location = { taskId: task.id, topic, partition }
    switch (error!.kind) {
      case 'offsetOutOfRange':
        return this.options.offsetOutOfRange(task, topic, partition)
      case 'authorization':
        throw new StreamsError('NOT_AUTHORIZED', `not authorized to read ${topic}: ${error!.message}`, location, {
          cause: error,
        })
      case 'invalid':
      case 'fatal':
        throw new StreamsError(
          'PROCESSING_FAILED',
          `records of ${topic} partition ${partition} can't be read: ${error!.message}`,
          location,
          { cause: error },
        )
      default:
        this.options.logger.warn({ ...location, err: error }, 'reading an input partition failed, trying again')
    }
  }

  #maybeCommit(): void {
    const { committer } = this.options
    if (committer.inProgress || committer.suspended) return
    if (!this.#commitDue()) return
    this.#commitRequested = false
    this.#lastCommit = performance.now()
    committer.commit().then(() => {
      this.#lastCommit = performance.now()
      this.#longestSliceMs = 0
      this.wake()
    }, this.options.failed)
  }

  #commitDue(): boolean {
    const { config, committer, runningTasks } = this.options
    let needed = committer.hasUnsentOffsets
    let dirtyBytes = 0
    let requested = this.#commitRequested
    for (const task of runningTasks()) {
      needed ||= task.stream!.commitNeeded
      requested ||= task.stream!.commitRequested
      dirtyBytes += task.state!.dirtyBytes
    }
    if (requested) return runningTasks().length > 0
    if (!needed) return false
    return dirtyBytes > config.maxUncommittedBytes || performance.now() - this.#lastCommit >= config.commitIntervalMs
  }

  /** Until the next deadline: a commit, a punctuation, another look at a task that waits for an empty partition. */
  #idleTime(): number {
    const { config, committer, runningTasks } = this.options
    const now = Date.now()
    let wait = IDLE_POLL_MS
    let commitNeeded = committer.hasUnsentOffsets
    for (const task of runningTasks()) {
      const stream = task.stream!
      commitNeeded ||= stream.commitNeeded
      wait = Math.min(wait, stream.nextWallClockPunctuation() - now)
      if (stream.hasBuffered && !this.#paused) wait = Math.min(wait, BLOCKED_POLL_MS)
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
      `a callback kept the event loop for ${Math.round(tookMs)} ms, and no heartbeat was sent meanwhile: after ` +
        `${sessionTimeoutMs} ms the group takes the tasks away. Return a promise for work that waits, move computing to a ` +
        'worker thread, or raise sessionTimeout',
    )
  }
}
