import type { TaskId } from '../../record/task-id'

const LEAST_MS = 60_000

/**
 * Tasks that process one record at a time, each in its own transaction, because a pending callback of theirs has kept a
 * transaction from being committed. That is slow, and most such callbacks are an exception: each ends after a while.
 */
export class IsolatedTasks {
  readonly #until = new Map<TaskId, number>()
  /** Long enough for the same record to block a transaction again. */
  readonly #periodMs: number

  constructor(transactionTimeoutMs: number) {
    this.#periodMs = Math.max(LEAST_MS, 2 * transactionTimeoutMs)
  }

  add(ids: readonly TaskId[]): void {
    for (const id of ids) this.#until.set(id, performance.now() + this.#periodMs)
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
