import { durationText } from '../../durations'
import type { Logger } from '../../observe/logger'
import type { TopicPartition } from '../../record/topic-partition'
import type { TaskId } from '../../record/task-id'

/** The state of a store's restore. */
export interface RestoreEvent {
  /** The task whose store it is. */
  readonly taskId: TaskId
  /** The store's name. */
  readonly store: string
  /** The changelog. */
  readonly topic: string
  /** Of the changelog. */
  readonly partition: number
  /** Offsets to go through when it began. With compaction there are fewer records. */
  readonly total: number
  /** Records replayed so far. */
  readonly restored: number
}

/** The progress of a store's restore. */
export interface RestoreProgressEvent extends RestoreEvent {
  /** How much of `total` is done. */
  readonly percent: number
  /** Since the last report. */
  readonly recordsPerSecond: number
  /** The remaining time at this rate. */
  readonly etaMs: number
}

export interface RestoreListener {
  restoreStart(event: RestoreEvent): void
  restoreProgress(event: RestoreProgressEvent): void
  restoreEnd(event: RestoreEvent & { readonly durationMs: number }): void
}

interface RestoreRange {
  readonly store: { readonly name: string }
  readonly changelog: TopicPartition
  readonly from: number
  readonly end: number
}

interface Tally {
  readonly startedAt: number
  restored: number
  position: number
  /** Records and time of the last report, for the rate since. */
  reportedRecords: number
  reportedPosition: number
  reportedAt: number
}

const REPORT_MS = 2000

/** Counts replayed records, and reports them to events and log, at most every few seconds. */
export class RestoreProgress {
  readonly #open = new Map<RestoreRange, { taskId: TaskId; tally: Tally }>()
  #lastReport = performance.now()

  constructor(
    private readonly listener: RestoreListener,
    private readonly logger: Logger,
  ) {}

  started(taskId: TaskId, range: RestoreRange): void {
    const now = performance.now()
    const position = range.from
    this.#open.set(range, {
      taskId,
      tally: { startedAt: now, restored: 0, position, reportedRecords: 0, reportedPosition: position, reportedAt: now },
    })
    if (this.#open.size === 1) this.#lastReport = now
    this.listener.restoreStart(event(taskId, range, 0))
  }

  restored(range: RestoreRange, records: number, position: number): void {
    const entry = this.#open.get(range)
    if (!entry) return
    entry.tally.restored += records
    entry.tally.position = position
  }

  finished(range: RestoreRange): void {
    const entry = this.#open.get(range)
    if (!entry) return
    this.#open.delete(range)
    const durationMs = Math.round(performance.now() - entry.tally.startedAt)
    const { restored } = entry.tally
    const ended = { ...event(entry.taskId, range, restored), durationMs }
    // after a clean start nothing is replayed, in each store of each task
    this.logger[restored === 0 ? 'debug' : 'info'](
      { ...ended, recordsPerSecond: rate(restored, durationMs) },
      `restored store ${range.store.name}: replayed ${restored} records`,
    )
    this.listener.restoreEnd(ended)
  }

  cancelled(range: RestoreRange): void {
    this.#open.delete(range)
  }

  report(): void {
    const now = performance.now()
    if (now - this.#lastReport < REPORT_MS) return
    this.#lastReport = now
    for (const [range, { taskId, tally }] of this.#open) {
      const base = event(taskId, range, tally.restored)
      const elapsedMs = now - tally.reportedAt
      const offsetsPerMs = (tally.position - tally.reportedPosition) / elapsedMs
      const recordsPerSecond = rate(tally.restored - tally.reportedRecords, elapsedMs)
      tally.reportedRecords = tally.restored
      tally.reportedPosition = tally.position
      tally.reportedAt = now
      // by offsets, not records: how many of them survived compaction is not known beforehand
      const percent = base.total === 0 ? 100 : Math.floor((100 * (tally.position - range.from)) / base.total)
      const etaMs = offsetsPerMs === 0 ? Infinity : Math.round((range.end - tally.position) / offsetsPerMs)
      const progress = { ...base, percent, recordsPerSecond, etaMs }
      const left = Number.isFinite(etaMs) ? `, about ${durationText(etaMs)} left` : ''
      this.logger.info(progress, `restoring store ${range.store.name}: ${percent} %${left}`)
      this.listener.restoreProgress(progress)
    }
  }
}

const event = (taskId: TaskId, { store, changelog, from, end }: RestoreRange, restored: number): RestoreEvent => ({
  taskId,
  store: store.name,
  topic: changelog.topic,
  partition: changelog.partition,
  total: Math.max(0, end - from),
  restored,
})

const rate = (records: number, ms: number): number => (ms <= 0 ? 0 : Math.round((records * 1000) / ms))
