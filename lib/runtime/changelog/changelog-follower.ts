import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { ClientError, FetchedPartition, Fetcher } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { TaskId } from '../../record/task-id'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import { type FetchErrorSubject, fetchFailure } from '../failure/fetch-errors'
import { RestoreProgress, type RestoreListener } from './restore-progress'

/** A store with the range of its changelog that it lacks. */
export interface ChangelogRange {
  readonly store: { readonly name: string }
  readonly changelog: TopicPartition
  /** First offset to read. */
  readonly from: number
  /** The offset at which the store has caught up: the end of the changelog when the range was planned. */
  readonly end: number
}

/** The target that changelogs are replayed into. */
export interface ReplayTarget {
  /** Replays fetched records from `position` on; it reports progress through `proceed`, which may end the replay. */
  replay(
    fetched: FetchedPartition,
    range: ChangelogRange,
    position: number,
    proceed: (position: number, records: number) => Promise<boolean>,
  ): Promise<{ readonly position: number; readonly records: number }>
  /** The size of replayed data that is not durable yet. */
  readonly dirtyBytes: number
  /** Makes replayed data durable, with each changelog's next offset (by `tpKey`). */
  write(positions: ReadonlyMap<string, number>): Promise<void>
}

/** What is followed for one task. */
export interface Following {
  readonly taskId: TaskId
  readonly target: ReplayTarget
  readonly ranges: readonly ChangelogRange[]
  /** `true` continues past the ends, until it is removed, and makes new records durable every `writeIntervalMs`. */
  readonly continuous: { readonly writeIntervalMs: number } | null
  /** Every range has been read to its end and made durable. Nothing is replayed until it settles. */
  caughtUp(): Promise<void> | void
  /** A changelog no longer has the next offset, or is another topic of the same name. Nothing more is read for the task. */
  outOfRange(range: ChangelogRange): void
  /** Reading is not authorized, a record is damaged, or the local disk fails. Nothing more is read for the task. */
  failed(error: unknown): void
}

export interface ChangelogFollowerOptions {
  /** Created when there is something to read, closed when there is not. */
  readonly fetcher: () => Fetcher
  readonly logger: Logger
  readonly restoreListener: RestoreListener
  /** Replayed bytes above which they are written. Small batches fit in the CPU's caches. */
  readonly maxDirtyBytes: number
}

const POLL_MS = 200
const WAITING_AFTER_MS = 5000
/** The topic is another one: positions mean nothing in it. */
const CREATED_AGAIN = 'UNKNOWN_TOPIC_ID'

interface Part {
  readonly range: ChangelogRange
  readonly job: Job
  position: number
}

/** A task being followed. */
interface Job {
  readonly following: Following
  readonly parts: Part[]
  /** The parts that have not reached their ends. */
  readonly behind: Set<Part>
  caughtUp: boolean
  removed: boolean
  dirty: boolean
  lastWrite: number
  writing: Promise<void>
}

/**
 * Replays changelogs into stores, on its own fetcher and connection: to an end offset for tasks
 * that are about to run, to the end and beyond for global stores. Many tasks at once, in slices of a few milliseconds;
 * tasks come and go while it runs, and a failure affects only one task.
 *
 * Written state and changelog offsets become durable together as it proceeds: interrupted, it resumes where it was.
 */
export class ChangelogFollower {
  readonly #jobs = new Map<TaskId, Job>()
  readonly #parts = new Map<string, Part>()
  readonly #progress: RestoreProgress
  #fetcher: Fetcher | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(private readonly options: ChangelogFollowerOptions) {
    this.#progress = new RestoreProgress(options.restoreListener, options.logger)
  }

  /** Of tasks that have not caught up: what is still to be replayed, counted by offsets. */
  get remaining(): ReadonlyMap<TaskId, number> {
    const remaining = new Map<TaskId, number>()
    for (const [taskId, { behind }] of this.#jobs) {
      let offsets = 0
      for (const { range, position } of behind) offsets += Math.max(0, range.end - position)
      if (behind.size > 0) remaining.set(taskId, offsets)
    }
    return remaining
  }

  add(following: Following): void {
    const job: Job = {
      following,
      parts: [],
      behind: new Set(),
      caughtUp: false,
      removed: false,
      dirty: false,
      lastWrite: performance.now(),
      writing: Promise.resolve(),
    }
    this.#jobs.set(following.taskId, job)
    for (const range of following.ranges) this.#addPart(job, range)
    this.#run()
  }

  /** Follows another changelog for a task, starting at its `from`. */
  extend(taskId: TaskId, range: ChangelogRange): void {
    const job = this.#jobs.get(taskId)
    if (job) this.#addPart(job, range)
  }

  /** Stops following a task; resolves when what was replayed so far is written. */
  async remove(taskId: TaskId): Promise<void> {
    const job = this.#jobs.get(taskId)
    if (!job) return
    this.#drop(job)
    try {
      await this.#write(job)
      await job.writing
    } catch (error) {
      this.options.logger.debug({ taskId, err: error }, 'replayed records could not be written')
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const job of [...this.#jobs.values()]) this.#drop(job)
    this.#fetcher?.wakeup()
    await this.#running
  }

  #addPart(job: Job, range: ChangelogRange): void {
    const { topic, partition } = range.changelog
    const part: Part = { range, job, position: range.from }
    job.parts.push(part)
    this.#parts.set(tpKey(topic, partition), part)
    if (!job.caughtUp) {
      job.behind.add(part)
      this.#progress.started(job.following.taskId, range)
    }
    this.#fetcher?.assign(topic, partition, part.position)
    this.#fetcher?.wakeup()
  }

  #drop(job: Job): void {
    job.removed = true
    this.#jobs.delete(job.following.taskId)
    for (const part of job.parts) this.#stopReading(part)
    for (const { range } of job.behind) this.#progress.cancelled(range)
    job.behind.clear()
    this.#fetcher?.wakeup()
  }

  #stopReading(part: Part): void {
    const { topic, partition } = part.range.changelog
    const key = tpKey(topic, partition)
    if (this.#parts.get(key) !== part) return
    this.#parts.delete(key)
    this.#fetcher?.unassign(topic, partition)
  }

  #run(): void {
    if (this.#closed) return
    this.#running ??= this.#follow().finally(() => {
      this.#running = undefined
      if (this.#jobs.size > 0) this.#run()
    })
  }

  async #follow(): Promise<void> {
    // also covers tasks that are added in the same turn of the event loop
    await yieldToEventLoop()
    const fetcher = this.options.fetcher()
    this.#fetcher = fetcher
    try {
      for (const { range, position } of this.#parts.values()) {
        fetcher.assign(range.changelog.topic, range.changelog.partition, position)
      }
      let lastArrival = performance.now()
      while (this.#jobs.size > 0) {
        for (const job of [...this.#jobs.values()]) await this.#attempt(job, () => this.#advance(job))
        if (this.#jobs.size === 0) break
        const fetched = await fetcher.poll(this.#pollMs())
        const now = performance.now()
        if (fetched.length > 0 || !this.#isBehind()) lastArrival = now
        else if (now - lastArrival > WAITING_AFTER_MS) {
          lastArrival = now
          this.options.logger.warn(
            { changelogs: [...this.#parts.keys()].join(' ') },
            'restore waits for the brokers: a leader is away, or a transaction of an earlier owner is still open',
          )
        }
        for (const partition of fetched) await this.#apply(partition)
        this.#progress.report()
        await yieldToEventLoop()
      }
    } catch (error) {
      for (const job of [...this.#jobs.values()]) this.#fail(job, error)
    } finally {
      this.#fetcher = undefined
      await fetcher.close().catch((error: unknown) => {
        this.options.logger.debug({ err: error }, 'closing the fetcher of changelogs failed')
      })
    }
  }

  #isBehind(): boolean {
    for (const job of this.#jobs.values()) if (job.behind.size > 0) return true
    return false
  }

  #pollMs(): number {
    let wait = this.#isBehind() ? POLL_MS : Infinity
    const now = performance.now()
    for (const { dirty, lastWrite, following } of this.#jobs.values()) {
      if (dirty && following.continuous) {
        wait = Math.min(wait, lastWrite + following.continuous.writeIntervalMs - now)
      }
    }
    return Math.max(1, Math.min(wait, 1000))
  }

  /** A failure of one task stops following only that task. */
  async #attempt(job: Job, work: () => Promise<void>): Promise<void> {
    if (job.removed) return
    try {
      await work()
    } catch (error) {
      this.#fail(job, error)
    }
  }

  #fail(job: Job, error: unknown): void {
    if (job.removed) return
    this.#drop(job)
    if (!this.#closed) job.following.failed(error)
  }

  async #apply(fetched: FetchedPartition): Promise<void> {
    const part = this.#parts.get(tpKey(fetched.topic, fetched.partition))
    if (!part) return
    const { job } = part
    await this.#attempt(job, async () => {
      if (fetched.error) return this.#partitionFailed(part, fetched.error)
      const { target } = job.following
      const { position, records } = await target.replay(fetched, part.range, part.position, async (now, count) => {
        this.#moved(part, now, count)
        if (target.dirtyBytes > this.options.maxDirtyBytes) await this.#write(job)
        return !job.removed
      })
      if (job.removed) return
      this.#moved(part, position, records)
      if (target.dirtyBytes > this.options.maxDirtyBytes) await this.#write(job)
    })
  }

  #moved(part: Part, position: number, records: number): void {
    part.position = position
    part.job.dirty = true
    this.#progress.restored(part.range, records, position)
  }

  #partitionFailed(part: Part, error: ClientError): void {
    const { job, range } = part
    const isAnother = error.code === CREATED_AGAIN && job.following.continuous !== null
    if (error.kind === 'offsetOutOfRange' || isAnother) {
      this.#drop(job)
      job.following.outOfRange(range)
      return
    }
    const subject: FetchErrorSubject = {
      what: `changelog ${range.changelog.topic} of store ${range.store.name}`,
      location: { ...range.changelog, offset: part.position, store: range.store.name, taskId: job.following.taskId },
      code: 'STATE_STORE_FAILED',
    }
    const failure = fetchFailure(error, subject)
    if (failure) throw failure
    this.options.logger.warn({ ...subject.location, err: error }, `reading ${subject.what} failed, retrying`)
  }

  /** Starts to write what a task has replayed so far, after the previous write, and settles with that one. */
  #write(job: Job): Promise<void> {
    const before = job.writing
    job.dirty = false
    job.lastWrite = performance.now()
    job.writing = before.then(() => {
      const positions = new Map<string, number>()
      for (const { range, position } of job.parts) {
        if (position > 0) positions.set(tpKey(range.changelog.topic, range.changelog.partition), position)
      }
      return job.following.target.write(positions)
    })
    job.writing.catch(() => {})
    return before
  }

  async #advance(job: Job): Promise<void> {
    const { following } = job
    for (const part of [...job.behind]) {
      if (part.position < part.range.end) continue
      job.behind.delete(part)
      if (!following.continuous) this.#stopReading(part)
      this.#progress.finished(part.range)
    }
    if (job.caughtUp) {
      const { continuous } = following
      if (job.dirty && continuous && performance.now() - job.lastWrite >= continuous.writeIntervalMs) {
        await this.#write(job)
        await job.writing
      }
      return
    }
    if (job.behind.size > 0) return
    if (job.parts.some((part) => part.position > part.range.from)) {
      await this.#write(job)
      await job.writing
    }
    // removed while it was being written
    if (job.removed) return
    job.caughtUp = true
    if (!following.continuous) this.#drop(job)
    await following.caughtUp()
  }
}
