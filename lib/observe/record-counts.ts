import type { DropReason } from '../record/drop-reason'
import type { TaskId } from '../record/task-id'
import type { SampleWindows } from './metrics/sample-windows'
import { Stat } from './metrics/stat'

/** Records that an operator of a task dropped or sent to a dead letter topic. */
export interface OperatorRecordCounts {
  /** The task; `global` for what fills the global stores. */
  readonly taskId: TaskId | 'global'
  /** The operator, as in `describe()`; the store, for records older than its retention. */
  readonly operator: string
  /** Records dropped. */
  readonly dropped: number
  /** The same by reason; a reason that has not occurred is absent. */
  readonly droppedBy: Readonly<Partial<Record<DropReason, number>>>
  /** Dead letters sent, by whichever handler. */
  readonly deadLetters: number
}

/** Records dropped and dead letters sent since the instance started, including those of tasks that have since moved away. */
export interface RecordCounts {
  /** Records dropped by all tasks: the sum of Kafka Streams' `dropped-records-total`. */
  readonly dropped: number
  /** Dead letters sent by all tasks. */
  readonly deadLetters: number
  /** By task and operator. Operators that have dropped nothing and sent no dead letter are absent. */
  readonly operators: readonly OperatorRecordCounts[]
}

interface Tally {
  dropped: number
  readonly droppedBy: Partial<Record<DropReason, number>>
  deadLetters: number
}

/** Of one task: written by the task, read for metrics. */
export class TaskRecordCounts {
  readonly #tallies = new Map<string, Tally>()
  readonly #drops: Stat | undefined

  /** Without windows there is no rate. */
  constructor(
    readonly taskId: string,
    windows?: SampleWindows,
  ) {
    this.#drops = windows && new Stat(windows)
  }

  /** Returns how many this operator has dropped so far. */
  dropped(operator: string, reason: DropReason): number {
    this.#drops?.add(1)
    const tally = this.#tally(operator)
    tally.droppedBy[reason] = (tally.droppedBy[reason] ?? 0) + 1
    return ++tally.dropped
  }

  deadLetterSent(operator: string): void {
    this.#tally(operator).deadLetters++
  }

  /** `dropped-records-total` of the task. */
  get droppedTotal(): number {
    let total = 0
    for (const { dropped } of this.#tallies.values()) total += dropped
    return total
  }

  /** `dropped-records-rate` of the task. */
  get droppedRate(): number {
    return this.#drops?.rate ?? 0
  }

  snapshot(): OperatorRecordCounts[] {
    const taskId = this.taskId as OperatorRecordCounts['taskId']
    return [...this.#tallies].map(([operator, { dropped, droppedBy, deadLetters }]) => ({
      taskId,
      operator,
      dropped,
      droppedBy: { ...droppedBy },
      deadLetters,
    }))
  }

  #tally(operator: string): Tally {
    let tally = this.#tallies.get(operator)
    if (tally === undefined) this.#tallies.set(operator, (tally = { dropped: 0, droppedBy: {}, deadLetters: 0 }))
    return tally
  }
}

/** Of an instance. A task that is closed and opened again continues its counts, so that none decreases. */
export class InstanceRecordCounts {
  readonly #tasks = new Map<string, TaskRecordCounts>()

  constructor(private readonly windows?: SampleWindows) {}

  of(taskId: string): TaskRecordCounts {
    let counts = this.#tasks.get(taskId)
    if (counts === undefined) this.#tasks.set(taskId, (counts = new TaskRecordCounts(taskId, this.windows)))
    return counts
  }

  snapshot(): RecordCounts {
    const operators = [...this.#tasks.values()].flatMap((task) => task.snapshot())
    return {
      dropped: operators.reduce((sum, { dropped }) => sum + dropped, 0),
      deadLetters: operators.reduce((sum, { deadLetters }) => sum + deadLetters, 0),
      operators,
    }
  }
}
