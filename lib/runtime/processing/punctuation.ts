import { StreamsError } from '../../errors'
import type { Cancellable, PunctuationType } from '../../operators/processor'
import { PriorityQueue } from './priority-queue'
import type { ProcessorNode } from './processor-node'
import { NO_SOURCE_BYTES } from '../output/source-bytes'
import type { TaskContext } from './task-context'
import { NO_HEADERS } from '../../record/headers'

class Schedule {
  cancelled = false
  /** Its last callback has not settled yet. */
  running = false

  constructor(
    readonly node: ProcessorNode,
    readonly intervalMs: number,
    readonly callback: (timestamp: number) => void | Promise<void>,
    public due: number,
  ) {}

  /** Missed ticks collapse into one. */
  advance(now: number): void {
    const next = this.due + this.intervalMs
    this.due = now < next ? next : this.due + (Math.floor((now - this.due) / this.intervalMs) + 1) * this.intervalMs
  }
}

/** The schedules of a task, by stream time and by wall-clock time. */
export class Punctuations {
  private readonly byStreamTime = new PriorityQueue<Schedule>((a, b) => a.due < b.due)
  private readonly byWallClock = new PriorityQueue<Schedule>((a, b) => a.due < b.due)

  constructor(private readonly task: TaskContext) {}

  schedule(
    node: ProcessorNode,
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
    const now = byStreamTime ? this.task.streamTime : this.task.clock.now()
    const unanchored = byStreamTime ? 0 : now + intervalMs
    const first =
      startMs === undefined
        ? unanchored
        : startMs >= now
          ? startMs
          : startMs + Math.ceil((now - startMs) / intervalMs) * intervalMs
    const schedule = new Schedule(node, intervalMs, callback, first)
    ;(byStreamTime ? this.byStreamTime : this.byWallClock).offer(schedule)
    return {
      cancel: () => {
        schedule.cancelled = true
      },
    }
  }

  get nextWallClock(): number {
    return this.byWallClock.peek()?.due ?? Infinity
  }

  streamTime(now: number): boolean {
    return now >= 0 && this.run(this.byStreamTime, now)
  }

  wallClock(now: number): boolean {
    return this.run(this.byWallClock, now)
  }

  private run(queue: PriorityQueue<Schedule>, now: number): boolean {
    let punctuated = false
    for (let next = queue.peek(); next !== undefined && next.due <= now; next = queue.peek()) {
      const schedule = next
      queue.poll()
      if (schedule.cancelled) continue
      if (!schedule.running) {
        this.fire(schedule, now)
        punctuated = true
      }
      if (schedule.cancelled) continue
      schedule.advance(now)
      queue.offer(schedule)
    }
    return punctuated
  }

  private fire(schedule: Schedule, now: number): void {
    const { task } = this
    task.enter({ topic: null, partition: -1, offset: -1, timestamp: now, headers: NO_HEADERS }, NO_SOURCE_BYTES)
    schedule.running = true
    schedule.node.punctuate(schedule.callback, now, () => {
      schedule.running = false
    })
  }
}
