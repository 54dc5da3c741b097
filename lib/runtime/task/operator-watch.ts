import type { Logger } from '../../observe/logger'
import type { RecordContext } from '../../operators/record'

/** An operator as the watch names it. */
export interface Watched {
  readonly name: string
  readonly taskId: string
  readonly recordContext: RecordContext
}

const ADVICE =
  'while a callback runs, nothing else of this instance does, and it must finish before the next commit and rebalance: ' +
  'make it faster, return a promise for work that waits, or move heavy computing to a worker thread'
const PENDING_ADVICE =
  'its records wait in line, and so does the next commit: give the callback a timeout, or speed up what it waits for'

/**
 * Notices slow callbacks and names their operators. One clock is shared by all tasks of a loop: each lap reads the time
 * once and belongs to the operator whose callback has just returned.
 */
export class OperatorWatch {
  private lastLap = 0
  private running = false

  constructor(
    readonly thresholdMs: number,
    private readonly logger: Logger,
  ) {}

  /** Called wherever synchronous work begins; time between two stretches of it belongs to no operator. */
  begin(): void {
    if (this.running) return
    this.running = true
    this.lastLap = performance.now()
    // microtasks run when the stretch is over
    queueMicrotask(() => {
      this.running = false
    })
  }

  lap(operator: Watched): void {
    const now = performance.now()
    const took = now - this.lastLap
    this.lastLap = now
    if (took > this.thresholdMs) this.report(operator, operator.recordContext, took, 'took', ADVICE)
  }

  /** Reports a promise for as long as it is pending, at doubling intervals; returns how to end that. */
  pending(operator: Watched, context: RecordContext): () => void {
    const since = performance.now()
    let wait = this.thresholdMs
    const look = (): void => {
      this.report(operator, context, performance.now() - since, 'is still pending after', PENDING_ADVICE)
      wait *= 2
      timer = setTimeout(look, wait).unref()
    }
    let timer = setTimeout(look, wait).unref()
    return () => clearTimeout(timer)
  }

  private report(operator: Watched, context: RecordContext, took: number, verb: string, advice: string): void {
    const { topic, partition, offset } = context
    const durationMs = Math.round(took)
    const where = topic === null ? 'a punctuation' : `${topic}-${partition} offset ${offset}`
    this.logger.warn(
      { taskId: operator.taskId, operator: operator.name, topic, partition, offset, durationMs },
      `the callback of operator "${operator.name}" ${verb} ${durationMs} ms (${where}): ${advice}`,
    )
  }
}
