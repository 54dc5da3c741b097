import type { TaskId } from '../../record/task-id'

const LEAST_MS = 60_000

/**
 * Tasks that process one record at a time, each in its own transaction, because a pending callback of theirs has kept a
 * transaction from being committed. That is slow, and most such callbacks are an exception: each ends after a while.
 */
export class IsolatedTasks {
  /** Infinity until the task processes again: a restart may take longer than the period, as where state has to be restored. */
  readonly #until = new Map<TaskId, number>()
  /** Long enough for the same record to block a transaction again. */
  readonly #periodMs: number

  constructor(transactionTimeoutMs: number) {
    this.#periodMs = Math.max(LEAST_MS, 2 * transactionTimeoutMs)
  }

  add(ids: readonly TaskId[]): void {
    for (const id of ids) this.#until.set(id, Infinity)
  }

  /** An isolated task has processed a record. */
  processed(id: TaskId): void {
    if (this.#until.get(id) === Infinity) this.#until.set(id, performance.now() + this.#periodMs)
  }

  has(id: TaskId): boolean {
    if (this.#until.size === 0) return false
    const until = this.#until.get(id)
    if (until === undefined) return false
    if (performance.now() < until) return true
    this.#until.delete(id)
    return false
  }
}
