import { IdleTime } from './idle-time'
import type { PartitionGroup } from './partition-group'
import type { ProcessorNode } from './processor-node'
import { StreamTimeAdvance } from './stream-time-advance'
import type { TaskContext } from './task-context'
import type { IdleNodes } from './wiring'

export interface PassingTimeOptions {
  readonly context: TaskContext
  /** Parents before children. */
  readonly processors: readonly ProcessorNode[]
  /** Sub-topologies that can be idle, those upstream before the others. */
  readonly idle: readonly IdleNodes[]
  readonly group: PartitionGroup
  /** Between two advances of idle inputs. */
  readonly intervalMs: number
  readonly flushCaches: () => void
  readonly punctuate: () => void
}

/** Stream time of a task that passes without records: because its inputs are idle, or because it is told to. */
export class PassingTime {
  readonly #ofAll: StreamTimeAdvance
  readonly #idle: ReadonlyArray<{ readonly time: IdleTime; readonly advance: StreamTimeAdvance }>

  constructor(private readonly options: PassingTimeOptions) {
    const { context, processors, idle, group, intervalMs } = options
    this.#ofAll = new StreamTimeAdvance(context, processors)
    this.#idle = idle.map((nodes) => ({
      time: new IdleTime(
        nodes.settings,
        () => group.queues.filter(({ source }) => nodes.sources.has(source)),
        intervalMs,
      ),
      advance: new StreamTimeAdvance(context, nodes.processors),
    }))
  }

  /** What an earlier owner of the task has reached. */
  resumeFrom(reached: number): void {
    this.options.context.reachStreamTime(reached)
    for (const { time } of this.#idle) time.resumeFrom(reached)
  }

  /** False while awaited work is in the way. */
  advance(to: number): boolean {
    for (const { time } of this.#idle) time.resumeFrom(to)
    const isDone = this.#take(this.#ofAll, to)
    this.#commit()
    return isDone
  }

  closingTime(streamTime: number): number {
    return this.#ofAll.closingTime(streamTime)
  }

  get canBeIdle(): boolean {
    return this.#idle.length > 0
  }

  /** True if stream time has advanced. At most one sub-topology at a time: what it forwards goes to the others first. */
  passIdle(now: number, unheardMs: number): boolean {
    const { context } = this.options
    const { awaited } = context
    for (const { time, advance } of this.#idle) {
      const to = (awaited === 'nothing' ? advance.inProgress : undefined) ?? time.look(now, awaited, unheardMs)
      if (to === undefined) continue
      const from = context.reachedStreamTime ?? -1
      const { effects } = context
      const emitted = this.#emitted
      this.#take(advance, to)
      // once everything has closed there is nothing to commit: an idle task would do so for as long as it is idle
      const closing = advance.closingTime(time.recordTime)
      const hasClosed = from < closing && (this.#emitted !== emitted || to >= closing)
      if (context.effects !== effects || hasClosed) this.#commit()
      return true
    }
    return false
  }

  #take(advance: StreamTimeAdvance, to: number): boolean {
    const { context, flushCaches, punctuate } = this.options
    flushCaches()
    if (context.awaits || !advance.to(to)) return false
    punctuate()
    return true
  }

  #commit(): void {
    const { context, group } = this.options
    for (const queue of group.queues) queue.commitAsItIs()
    context.moved()
  }

  /** Changes whenever an aggregation has emitted windows that have closed. */
  get #emitted(): number {
    let sum = 0
    for (const time of this.options.context.lastEmittedWindowClose.values()) sum += time
    return sum
  }
}
