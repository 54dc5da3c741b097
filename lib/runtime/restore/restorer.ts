import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { StreamsError } from '../../errors'
import { type FetchedPartition, type Fetcher, type KafkaClient } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { ChangelogRecord, ManagedStore } from '../../state/store'
import type { TaskState } from '../../state/task-state'
import { RestoreProgress, type RestoreListener } from './restore-progress'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { TaskId } from '../../record/task-id'

/** A store and the stretch of its changelog that it lacks. */
export interface StoreRestoration {
  readonly store: ManagedStore
  readonly changelog: TopicPartition
  /** First offset to read. */
  readonly from: number
  /** First offset not to read: the end of the changelog when the restoration began. */
  readonly end: number
}

export interface TaskRestoration {
  readonly taskId: TaskId
  readonly state: TaskState
  readonly stores: readonly StoreRestoration[]
}

export interface RestorerOptions {
  readonly client: KafkaClient
  readonly logger: Logger
  readonly listener: RestoreListener
  readonly onRestored: (task: TaskId) => void
  /** The changelog no longer has the offset at which the local state ends: the state is of no use. */
  readonly onOutOfRange: (task: TaskId, store: string, changelog: TopicPartition) => void
  /** What can't be retried: reading is not allowed, a record is damaged, the local disk fails. */
  readonly onFailed: (error: unknown) => void
}

const SLICE_MS = 8
const RECORDS_PER_CLOCK = 64
const POLL_MS = 200
/**
 * Of each task, in native memory, and as much again on its way to disk. Larger batches are slower as well: they no longer
 * fit the processor's caches.
 */
const MAX_UNWRITTEN_BYTES = 512 * 1024
const WAITING_AFTER_MS = 5000

const NO_BYTES = Buffer.alloc(0)

type Writable<T> = { -readonly [P in keyof T]: T[P] }

interface Part {
  readonly restoration: StoreRestoration
  readonly task: Job
  position: number
  restored: number
}

interface Job extends TaskRestoration {
  readonly open: Set<Part>
  readonly parts: Part[]
  writing: Promise<void>
  cancelled: boolean
}

/**
 * Feeds changelogs into the stores of tasks that are about to run: many tasks at once, on a fetcher and connection of
 * its own that exist only meanwhile, in slices of a few milliseconds. Tasks come and go while it runs.
 *
 * It reads committed records up to the high watermark of when the restoration began, and so waits out transactions
 * that a former owner has left open. Written state and changelog offset become durable together as it goes: an
 * interrupted restoration goes on where it was.
 */
export class Restorer {
  readonly #jobs = new Map<TaskId, Job>()
  readonly #parts = new Map<string, Part>()
  readonly #progress: RestoreProgress
  #fetcher: Fetcher | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(private readonly options: RestorerOptions) {
    this.#progress = new RestoreProgress(options.listener, options.logger)
  }

  add(task: TaskRestoration): void {
    const job: Job = { ...task, open: new Set(), parts: [], writing: Promise.resolve(), cancelled: false }
    this.#jobs.set(task.taskId, job)
    for (const restoration of task.stores) {
      const part: Part = { restoration, task: job, position: restoration.from, restored: 0 }
      job.parts.push(part)
      job.open.add(part)
      this.#progress.started(task.taskId, restoration)
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#jobs.size > 0 && !this.#closed) this.#running = this.#run()
    })
    for (const part of job.parts) this.#read(part)
  }

  /** Stops restoring a task; resolves when what was restored so far is written. */
  async remove(taskId: TaskId): Promise<void> {
    const job = this.#jobs.get(taskId)
    if (!job) return
    this.#drop(job)
    try {
      await this.#write(job)
      await job.writing
    } catch (error) {
      this.options.logger.debug({ taskId, err: error }, 'what was restored so far could not be written')
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const job of [...this.#jobs.values()]) this.#drop(job)
    this.#fetcher?.wakeup()
    await this.#running?.catch(() => {})
  }

  #drop(job: Job): void {
    job.cancelled = true
    this.#jobs.delete(job.taskId)
    for (const part of job.open) {
      this.#stopReading(part)
      this.#progress.cancelled(part.restoration)
    }
    job.open.clear()
    this.#fetcher?.wakeup()
  }

  #read(part: Part): void {
    const { changelog } = part.restoration
    this.#parts.set(tpKey(changelog.topic, changelog.partition), part)
    this.#fetcher?.assign(changelog.topic, changelog.partition, part.position)
    this.#fetcher?.wakeup()
  }

  #stopReading(part: Part): void {
    const { topic, partition } = part.restoration.changelog
    this.#parts.delete(tpKey(topic, partition))
    this.#fetcher?.unassign(topic, partition)
  }

  async #run(): Promise<void> {
    // joins the tasks that are added in the same turn of the event loop
    await yieldToEventLoop()
    const fetcher = this.options.client.fetcher({ isolation: 'read_committed' })
    this.#fetcher = fetcher
    try {
      for (const { restoration, position } of this.#parts.values()) {
        fetcher.assign(restoration.changelog.topic, restoration.changelog.partition, position)
      }
      let lastArrival = performance.now()
      while (this.#jobs.size > 0) {
        await this.#finishComplete()
        if (this.#jobs.size === 0) break
        const fetched = await fetcher.poll(POLL_MS)
        const now = performance.now()
        if (fetched.length > 0) lastArrival = now
        else if (now - lastArrival > WAITING_AFTER_MS) {
          lastArrival = now
          this.options.logger.warn(
            { changelogs: [...this.#parts.keys()].join(' ') },
            'restoration waits for the brokers: a leader is away, or a transaction of a former owner is still open',
          )
        }
        for (const partition of fetched) await this.#apply(partition)
        this.#progress.report()
      }
    } catch (error) {
      for (const job of [...this.#jobs.values()]) this.#drop(job)
      if (!this.#closed) this.options.onFailed(error)
    } finally {
      this.#fetcher = undefined
      await fetcher.close().catch((error: unknown) => {
        this.options.logger.debug({ err: error }, 'closing the restore fetcher failed')
      })
    }
  }

  async #apply(fetched: FetchedPartition): Promise<void> {
    const part = this.#parts.get(tpKey(fetched.topic, fetched.partition))
    if (!part) return
    if (fetched.error) return this.#partitionFailed(part, fetched.error)
    const { store, end } = part.restoration
    const cursor = fetched.records()
    // one object for all records, as the cursor itself is
    const record: Writable<ChangelogRecord> = {
      key: NO_BYTES,
      value: null,
      timestamp: 0,
      headers: () => cursor.headers(),
    }
    let untilClock = RECORDS_PER_CLOCK
    let sliceEnd = performance.now() + SLICE_MS
    let endReached = false
    let sinceReport = 0
    while (cursor.advance()) {
      const offset = cursor.offset
      if (offset >= end) {
        endReached = true
        break
      }
      if (offset < part.position) continue
      const { key } = cursor
      if (key !== null) {
        record.key = key
        record.value = cursor.value
        record.timestamp = cursor.timestamp
        record.offset = offset
        store.restore(record)
      }
      part.position = offset + 1
      part.restored++
      sinceReport++
      if (--untilClock > 0) continue
      untilClock = RECORDS_PER_CLOCK
      if (performance.now() < sliceEnd) continue
      this.#progress.restored(part.restoration, sinceReport, part.position)
      sinceReport = 0
      if (part.task.state.dirtyBytes > MAX_UNWRITTEN_BYTES) await this.#write(part.task)
      await yieldToEventLoop()
      if (part.task.cancelled) return
      sliceEnd = performance.now() + SLICE_MS
    }
    part.position = endReached ? end : Math.max(part.position, Math.min(fetched.nextOffset, end))
    this.#progress.restored(part.restoration, sinceReport, part.position)
    if (part.task.state.dirtyBytes > MAX_UNWRITTEN_BYTES) await this.#write(part.task)
  }

  #partitionFailed(part: Part, error: NonNullable<FetchedPartition['error']>): void {
    const { store, changelog } = part.restoration
    if (error.kind === 'offsetOutOfRange') {
      this.#drop(part.task)
      this.options.onOutOfRange(part.task.taskId, store.name, changelog)
    } else if (error.kind === 'authorization') {
      throw new StreamsError(
        'NOT_AUTHORIZED',
        `not authorized to read changelog ${changelog.topic} of store ${store.name}: ${error.message}`,
        { ...changelog, store: store.name, taskId: part.task.taskId },
        { cause: error },
      )
    } else if (error.kind === 'invalid' || error.kind === 'fatal') {
      throw new StreamsError(
        'STATE_STORE_FAILED',
        `can't restore store ${store.name} from ${changelog.topic} partition ${changelog.partition} at offset ${part.position}: ${error.message}`,
        { ...changelog, offset: part.position, store: store.name, taskId: part.task.taskId },
        { cause: error },
      )
    } else {
      this.options.logger.warn({ ...changelog, err: error }, 'reading a changelog failed, trying again')
    }
  }

  /** Begins to write what a task has restored so far, behind the write before, and resolves, or fails, with that one. */
  #write(job: Job): Promise<void> {
    const before = job.writing
    job.writing = before.then(() => {
      // stores that put several records together write them as they do at work
      job.state.seal()
      const restored = job.parts.filter((part) => part.position > 0)
      return job.state.commit(
        new Map(
          restored.map(({ restoration: { changelog }, position }) => [
            tpKey(changelog.topic, changelog.partition),
            position - 1,
          ]),
        ),
      )
    })
    job.writing.catch(() => {})
    return before
  }

  async #finishComplete(): Promise<void> {
    for (const job of [...this.#jobs.values()]) {
      // removed while another job was written
      if (job.cancelled) continue
      for (const part of [...job.open]) {
        if (part.position < part.restoration.end) continue
        job.open.delete(part)
        this.#stopReading(part)
        this.#progress.finished(part.restoration)
      }
      if (job.open.size > 0) continue
      if (job.parts.some((part) => part.position > part.restoration.from)) {
        await this.#write(job)
        await job.writing
      }
      if (job.cancelled) continue
      this.#jobs.delete(job.taskId)
      this.options.onRestored(job.taskId)
    }
  }
}
