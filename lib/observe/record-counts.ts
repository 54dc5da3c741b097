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

/** Of an operator. What can occur is counted from the start: from 0. */
interface Tally {
  dropped: number
  readonly droppedBy: Partial<Record<DropReason, number>>
  /** Undefined: it can't send any. */
  deadLetters: number | undefined
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

  /**
   * The operator may drop records for these reasons, and after errors send dead letters. Their counters start at 0, as in Kafka Streams, which
   * registers them with the operator: a counter that appeared with its first record would hide that record from whoever asks how much it has grown.
   */
  mayDrop(operator: string, reasons: readonly DropReason[]): void {
    if (reasons.length === 0) return
    const tally = this.#tally(operator)
    for (const reason of reasons) tally.droppedBy[reason] ??= 0
    if (reasons.includes('error')) tally.deadLetters ??= 0
  }

  /** Returns how many this operator has dropped so far for this reason. */
  dropped(operator: string, reason: DropReason): number {
    this.#drops?.add(1)
    const tally = this.#tally(operator)
    tally.dropped++
    return (tally.droppedBy[reason] = (tally.droppedBy[reason] ?? 0) + 1)
  }

  deadLetterSent(operator: string): void {
    const tally = this.#tally(operator)
    tally.deadLetters = (tally.deadLetters ?? 0) + 1
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

  /** By operator, including what has not occurred yet. */
  get tallies(): ReadonlyMap<string, Readonly<Tally>> {
    return this.#tallies
  }

  /** What has occurred. */
  snapshot(): OperatorRecordCounts[] {
    const taskId = this.taskId as OperatorRecordCounts['taskId']
    return [...this.#tallies].flatMap(([operator, { dropped, droppedBy, deadLetters = 0 }]) => {
      if (dropped === 0 && deadLetters === 0) return []
      const occurred = Object.entries(droppedBy).filter(([, count]) => count > 0)
      return [{ taskId, operator, dropped, droppedBy: Object.fromEntries(occurred), deadLetters }]
    })
  }

  #tally(operator: string): Tally {
    let tally = this.#tallies.get(operator)
    if (tally === undefined) {
      this.#tallies.set(operator, (tally = { dropped: 0, droppedBy: {}, deadLetters: undefined }))
    }
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
