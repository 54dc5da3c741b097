import type { Logger } from '../../observe/logger'
import type { RecordContext } from '../../record/record-context'

/** An operator as the monitor names it. */
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

/** After a slow report every callback is timed alone for this long, so that the next report names the exact record. */
const ONE_BY_ONE_MS = 60_000

/**
 * Notices slow callbacks and names their operators. One monitor is shared by all tasks of a loop. Reading the clock costs
 * as much as a small callback, so it is read only when another operator starts, and consecutive calls of one operator
 * are timed together.
 */
export class SlowCallbackMonitor {
  /** Whose callbacks run; `undefined` between two pieces of synchronous work. */
  private operator: Watched | undefined
  private calls = 0
  private since = 0
  /** Of the first of the consecutive calls. */
  private context: RecordContext | undefined
  private oneByOneUntil = -Infinity

  constructor(
    readonly thresholdMs: number,
    private readonly logger: Logger,
  ) {}

  /** A callback of this operator begins: until another one does, time is its own. */
  enter(operator: Watched): void {
    if (operator === this.operator && this.oneByOneUntil === -Infinity) this.calls++
    else this.begin(operator)
  }

  private begin(operator: Watched): void {
    // microtasks run when the synchronous work is over
    if (this.operator === undefined) queueMicrotask(() => this.leave())
    const now = performance.now()
    this.look(now)
    if (now >= this.oneByOneUntil) this.oneByOneUntil = -Infinity
    this.operator = operator
    this.calls = 1
    this.since = now
    this.context = operator.recordContext
  }

  /** What follows is no operator's. */
  leave(): void {
    this.look(performance.now())
    this.operator = undefined
    this.context = undefined
  }

  private look(now: number): void {
    const { operator, context, calls } = this
    if (operator === undefined || context === undefined || now - this.since <= this.thresholdMs) return
    this.oneByOneUntil = now + ONE_BY_ONE_MS
    const tookMs = Math.round(now - this.since)
    const what = calls === 1 ? 'the callback' : `${calls} calls in a row of the callback`
    const where = calls === 1 ? placeOf(context) : `from ${placeOf(context)} on`
    this.warn(
      operator,
      context,
      tookMs,
      `${what} of operator "${operator.name}" took ${tookMs} ms (${where}): ${ADVICE}`,
    )
  }

  /** Reports a promise for as long as it is pending, at doubling intervals; returns how to end that. */
  pending(operator: Watched, context: RecordContext): () => void {
    const since = performance.now()
    let wait = this.thresholdMs
    const look = (): void => {
      const pendingMs = Math.round(performance.now() - since)
      const what = `the callback of operator "${operator.name}" is still pending after ${pendingMs} ms`
      this.warn(operator, context, pendingMs, `${what} (${placeOf(context)}): ${PENDING_ADVICE}`)
      wait *= 2
      timer = setTimeout(look, wait).unref()
    }
    let timer = setTimeout(look, wait).unref()
    return () => clearTimeout(timer)
  }

  private warn(operator: Watched, context: RecordContext, durationMs: number, message: string): void {
    const { topic, partition, offset } = context
    this.logger.warn(
      { taskId: operator.taskId, operator: operator.name, topic, partition, offset, durationMs },
      message,
    )
  }
}

const placeOf = ({ topic, partition, offset }: RecordContext): string =>
  topic === null ? 'a punctuation' : `${topic}-${partition} offset ${offset}`
