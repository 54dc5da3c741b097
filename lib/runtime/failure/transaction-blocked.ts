import type { RunningTask } from '../tasks/task'

/** A transaction approaches its timeout and can't be committed: tasks that have written to it await callbacks. */
export class TransactionBlocked extends Error {
  override readonly name = 'TransactionBlocked'
  constructor(
    readonly tasks: readonly RunningTask[],
    readonly openForMs: number,
  ) {
    super(`a transaction that is open for ${openForMs} ms waits for pending callbacks`)
  }
}
