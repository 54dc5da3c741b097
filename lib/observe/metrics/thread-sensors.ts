import type { SampleWindows } from './sample-windows'
import { Stat } from './stat'
import { TaskSensors } from './task-sensors'

/** What is measured of a processing loop, which stands for a stream thread of Kafka Streams. */
export class ThreadSensors {
  readonly startedAt = Date.now()
  /** Milliseconds of the loop's turns, waiting included. */
  readonly turns: Stat
  /** Polls, and the milliseconds that they took. */
  readonly poll: Stat
  /** Records, and the milliseconds that they took. */
  readonly process: Stat
  /** Records between two polls. */
  readonly slices: Stat
  readonly punctuate: Stat
  readonly commit: Stat
  readonly tasksCreated: Stat
  readonly tasksClosed: Stat
  #failures = 0
  #rebalances = 0

  constructor(
    private readonly windows: SampleWindows,
    private readonly isDebug: boolean,
  ) {
    this.turns = new Stat(windows)
    this.poll = new Stat(windows)
    this.process = new Stat(windows)
    this.slices = new Stat(windows)
    this.punctuate = new Stat(windows)
    this.commit = new Stat(windows)
    this.tasksCreated = new Stat(windows)
    this.tasksClosed = new Stat(windows)
  }

  task(): TaskSensors {
    return new TaskSensors(this.windows, this.isDebug, this)
  }

  /** How often all of its tasks had to restart, or it ended. */
  get failures(): number {
    return this.#failures
  }

  get rebalances(): number {
    return this.#rebalances
  }

  failed(): void {
    this.#failures++
  }

  rebalanced(): void {
    this.#rebalances++
  }

  turned(ms: number, now: number): void {
    this.windows.tick(now)
    this.turns.add(ms)
  }

  /** A slice of work on records is over. */
  sliced(records: number, ms: number): void {
    if (records === 0) return
    const each = ms / records
    this.process.addAll(records, ms, each, each)
    this.slices.add(records)
  }

  /** The fraction of the loop's time, in the sample windows, that these milliseconds are. */
  ratio(of: Stat): number {
    const all = this.turns.sum
    return all === 0 ? 0 : Math.min(1, of.sum / all)
  }
}
