import type { Logger } from '../../observe/logger'
import type { RecordContext } from '../../record/record-context'
import { startTimer } from '../../timer'

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
const CLOSING_ADVICE = "its task is not released before, and can't run here again: give what it waits for a timeout"

/** After a slow report every callback is timed alone for this long, so that the next report names the exact record. */
const ONE_BY_ONE_MS = 60_000
/** For each piece of synchronous work, so many operators are timed by themselves; under load, what follows is timed in groups. */
const TIMED_APART = 64
const GROUP = 32
/** A group that takes this part of the threshold holds a callback that may get too slow: operators are timed apart for a while. */
const SUSPICIOUS = 1 / 10
const APART_MS = 10_000

/**
 * Notices slow callbacks and names their operators. One monitor is shared by all tasks of a loop. Reading the clock costs
 * more than a small callback, so it is read only when another operator starts: consecutive calls of one operator are timed
 * together. Where many operators take turns, as under full load, several of their callbacks share one reading, until one
 * takes noticeably long.
 */
export class SlowCallbackMonitor {
  /** Whose callbacks run; `undefined` between two pieces of synchronous work. */
  private operator: Watched | undefined
  private calls = 0
  private since = 0
  /** Of the first call that is timed. */
  private context: RecordContext | undefined
  private oneByOneUntil = -Infinity
  private apartUntil = -Infinity
  /** The operators that are timed together. */
  private readonly group: Watched[] = []
  /** How many more may join them. */
  private room = 0
  /** Readings of the clock since the current piece of synchronous work began. */
  private readings = 0

  constructor(
    readonly thresholdMs: number,
    private readonly logger: Logger,
  ) {}

  /** A callback of this operator begins: until another one does, time is its own. */
  enter(operator: Watched): void {
    if (operator === this.operator && this.oneByOneUntil === -Infinity) this.calls++
    else if (this.room > 0) this.join(operator)
    else this.begin(operator)
  }

  private join(operator: Watched): void {
    this.room--
    this.calls++
    this.operator = operator
    this.group.push(operator)
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
    this.group.length = 0
    this.group.push(operator)
    const isBusy = ++this.readings > TIMED_APART && this.oneByOneUntil === -Infinity && now >= this.apartUntil
    this.room = isBusy ? GROUP - 1 : 0
  }

  /** What follows is no operator's. */
  leave(): void {
    this.look(performance.now())
    this.operator = undefined
    this.context = undefined
    this.group.length = 0
    this.room = 0
    this.readings = 0
  }

  private look(now: number): void {
    const { operator, context, calls, group } = this
    if (operator === undefined || context === undefined) return
    const took = now - this.since
    if (group.length > 1 && took > this.thresholdMs * SUSPICIOUS) this.apartUntil = now + APART_MS
    if (took <= this.thresholdMs) return
    this.oneByOneUntil = now + ONE_BY_ONE_MS
    const tookMs = Math.round(took)
    const names = [...new Set(group.map(({ name }) => name))]
    const quoted = names.map((name) => `"${name}"`).join(', ')
    const who = names.length === 1 ? `operator ${quoted}` : `operators ${quoted}`
    const what =
      calls === 1 ? 'the callback' : `${calls} calls in a row of the callback${names.length === 1 ? '' : 's'}`
    const where = calls === 1 ? placeOf(context) : `from ${placeOf(context)} on`
    this.warn(group[0]!, names.join(', '), context, tookMs, `${what} of ${who} took ${tookMs} ms (${where}): ${ADVICE}`)
  }

  /** Reports a promise for as long as it is pending, at doubling intervals; returns how to end that. */
  pending(operator: Watched, context: RecordContext): () => void {
    return this.reportUntil((pendingMs) => {
      const what = `the callback of operator "${operator.name}" is still pending after ${pendingMs} ms`
      this.warn(operator, operator.name, context, pendingMs, `${what} (${placeOf(context)}): ${PENDING_ADVICE}`)
    })
  }

  /** The same of the promise of an operator's `close()`. */
  closing(operator: Watched): () => void {
    return this.reportUntil((pendingMs) => {
      const what = `close() of operator "${operator.name}" is still pending after ${pendingMs} ms`
      this.warn(operator, operator.name, operator.recordContext, pendingMs, `${what}: ${CLOSING_ADVICE}`)
    })
  }

  private reportUntil(report: (pendingMs: number) => void): () => void {
    const since = performance.now()
    let wait = this.thresholdMs
    const look = (): void => {
      report(Math.round(performance.now() - since))
      wait *= 2
      timer = startTimer(look, wait).unref()
    }
    let timer = startTimer(look, wait).unref()
    return () => clearTimeout(timer)
  }

  private warn(
    { taskId }: Watched,
    operator: string,
    { topic, partition, offset }: RecordContext,
    durationMs: number,
    message: string,
  ): void {
    this.logger.warn({ taskId, operator, topic, partition, offset, durationMs }, message)
  }
}

const placeOf = ({ topic, partition, offset }: RecordContext): string =>
  topic === null ? 'a punctuation' : `${topic}-${partition} offset ${offset}`
