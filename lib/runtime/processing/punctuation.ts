import { StreamsError } from '../../errors'
import type { TaskSensors } from '../../observe/metrics/task-sensors'
import type { Cancellable, PunctuationType } from '../../operators/processor'
import { PriorityQueue } from '../../collections/priority-queue'
import type { RecordContext } from '../../record/record-context'
import { NO_SOURCE_BYTES, type SourceBytes } from '../output/source-bytes'
import type { Clock } from './clock'
import { SteadyClock } from './steady-clock'
import { NO_HEADERS } from '../../record/headers'

/** A node that schedules punctuations. */
export interface PunctuatedNode {
  readonly name: string
  /** Calls back, and `done` when what it returned has settled. */
  punctuate(callback: (timestamp: number) => void | Promise<void>, timestamp: number, done: () => void): void
}

/** What punctuations need of their task. */
export interface PunctuatedTask {
  readonly taskId: string
  readonly streamTime: number
  readonly clock: Clock
  readonly sensors: TaskSensors | undefined
  enter(context: RecordContext, source: SourceBytes): void
}

class Schedule {
  cancelled = false
  /** Its last callback has not settled yet. */
  running = false

  constructor(
    readonly node: PunctuatedNode,
    readonly intervalMs: number,
    readonly callback: (timestamp: number) => void | Promise<void>,
    public due: number,
    /** A wall-clock time that its ticks are aligned to, in whole intervals. */
    private readonly anchor: number | undefined,
  ) {}

  /** Missed ticks collapse into one. `lead`: of the time in which it is due over the wall clock's. */
  advance(now: number, lead: number): void {
    const { intervalMs, anchor } = this
    const from = anchor === undefined ? this.due : anchor + lead
    this.due = from + (Math.floor((now - from) / intervalMs) + 1) * intervalMs
  }
}

/**
 * The schedules of a task, by stream time and by wall-clock time. Callbacks get the wall clock's own time; when the next one
 * is due is kept in steady time: a wall clock that is set back neither stops nor repeats punctuations, one that is set forward
 * makes those fire once that it has passed. A schedule with a start returns to whole intervals from it, as the wall clock
 * then shows them, after its next tick.
 */
export class Punctuations {
  private readonly steady = new SteadyClock()
  private readonly byStreamTime = new PriorityQueue<Schedule>((a, b) => a.due < b.due)
  private readonly byWallClock = new PriorityQueue<Schedule>((a, b) => a.due < b.due)

  constructor(private readonly task: PunctuatedTask) {}

  schedule(
    node: PunctuatedNode,
    intervalMs: number,
    type: PunctuationType,
    callback: (timestamp: number) => void | Promise<void>,
    startMs: number | undefined,
  ): Cancellable {
    if (!(intervalMs >= 1)) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `processor "${node.name}" schedules a punctuation every ${intervalMs} ms: the interval must be 1 ms or more`,
        { operator: node.name, taskId: this.task.taskId },
      )
    }
    const byStreamTime = type === 'stream-time'
    const now = byStreamTime ? this.task.streamTime : this.steady.at(this.task.clock.now())
    const unanchored = byStreamTime ? 0 : now + intervalMs
    const start = startMs === undefined || byStreamTime ? startMs : startMs + this.steady.lead
    const first =
      start === undefined
        ? unanchored
        : start >= now
          ? start
          : start + (Math.floor((now - start) / intervalMs) + 1) * intervalMs
    const schedule = new Schedule(node, intervalMs, callback, first, byStreamTime ? undefined : startMs)
    ;(byStreamTime ? this.byStreamTime : this.byWallClock).offer(schedule)
    return {
      cancel: () => {
        schedule.cancelled = true
      },
    }
  }

  /** What the wall clock will show when the next punctuation is due, if it is not set before. */
  get nextWallClock(): number {
    return (this.byWallClock.peek()?.due ?? Infinity) - this.steady.lead
  }

  streamTime(now: number): boolean {
    return now >= 0 && this.run(this.byStreamTime, now, now)
  }

  isDue(wallClockTime: number): boolean {
    const now = this.steady.at(wallClockTime)
    const next = this.byWallClock.peek()
    return next !== undefined && next.due <= now
  }

  wallClock(wallClockTime: number): boolean {
    return this.run(this.byWallClock, this.steady.at(wallClockTime), wallClockTime)
  }

  private run(queue: PriorityQueue<Schedule>, now: number, timestamp: number): boolean {
    let punctuated = false
    for (let next = queue.peek(); next !== undefined && next.due <= now; next = queue.peek()) {
      const schedule = next
      queue.poll()
      if (schedule.cancelled) continue
      if (!schedule.running) {
        this.fire(schedule, timestamp)
        punctuated = true
      }
      if (schedule.cancelled) continue
      schedule.advance(now, this.steady.lead)
      queue.offer(schedule)
    }
    return punctuated
  }

  private fire(schedule: Schedule, timestamp: number): void {
    const { task } = this
    const start = task.sensors === undefined ? 0 : performance.now()
    task.enter({ topic: null, partition: -1, offset: -1, timestamp, headers: NO_HEADERS }, NO_SOURCE_BYTES)
    schedule.running = true
    schedule.node.punctuate(schedule.callback, timestamp, () => {
      schedule.running = false
    })
    task.sensors?.punctuated(performance.now() - start)
  }
}
