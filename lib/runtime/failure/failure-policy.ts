import { StreamsError } from '../../errors'
import { ClientError } from '../../kafka/port'
import type { TaskId } from '../../record/task-id'
import type { MissingDependency } from '../../serdes/missing-dependency'
import { clientErrorOf, missingDependencyOf } from './failure-kind'
import type { IsolatedTasks } from './isolated-tasks'
import { toStreamsError } from './streams-error'
import { TransactionBlocked } from './transaction-blocked'

/** What has failed. */
export interface Failure {
  readonly error: unknown
  /** The task that failed, where it was one. */
  readonly taskId?: TaskId
  /** The task has written to a transaction that other tasks share. */
  readonly inTransaction?: boolean
}

/** The reaction to a failure: only the smallest affected part restarts. */
export type Remedy =
  | {
      readonly restart: 'task'
      readonly taskId: TaskId
      /** How long to wait first. */
      readonly delayMs: number
      /** Fetched before the task restarts. */
      readonly missing: MissingDependency | undefined
    }
  | {
      readonly restart: 'executor'
      readonly missing: MissingDependency | undefined
    }
  | { readonly end: 'instance'; readonly error: StreamsError }

const CALM_MS = 60_000
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 10_000

/**
 * The one place that decides how to react to a failure.
 *
 * - damaged local state (it is set aside), and a value whose schema is not known yet: the task restarts, unless it has
 *   written to the transaction that it shares with the others
 * - fencing, an aborted transaction, a delivery timeout: everything on that producer restarts
 * - an input or a changelog that was deleted: the same, and the group's leader finds out what is missing
 * - everything else ends the instance. The group's leader decides what ends all instances.
 */
export class FailurePolicy {
  readonly #restarts = new Map<TaskId, { count: number; at: number }>()

  constructor(
    private readonly options: { readonly transactionTimeoutMs: number },
    private readonly isolated: IsolatedTasks,
  ) {}

  decide({ error, taskId, inTransaction = false }: Failure): Remedy {
    if (error instanceof TransactionBlocked) return this.#blocked(error)
    const missing = missingDependencyOf(error)
    const damaged = error instanceof StreamsError && error.code === 'STATE_STORE_DAMAGED'
    if (taskId !== undefined && (missing || damaged) && !inTransaction) {
      return { restart: 'task', taskId, delayMs: this.#delayOf(taskId), missing }
    }
    const kind = clientErrorOf(error)?.kind
    const passes = kind === 'fenced' || kind === 'abortable' || kind === 'retriable' || kind === 'rebalance'
    // for an input or a changelog: a missing output is reported by its sink
    const deleted = error instanceof ClientError && error.kind === 'unknownTopic'
    if (missing || damaged || passes || deleted) return { restart: 'executor', missing }
    return { end: 'instance', error: toStreamsError(error) }
  }

  /** Its tasks are isolated. A callback that outlasts a transaction again, although nothing else was in it, never ends. */
  #blocked({ tasks, openForMs }: TransactionBlocked): Remedy {
    const hopeless = tasks.find(({ id }) => this.isolated.has(id))
    if (hopeless) {
      const { transactionTimeoutMs } = this.options
      const callback = hopeless.processing.pendingCallback
      const operator = callback?.operator ?? 'unknown'
      return {
        end: 'instance',
        error: new StreamsError(
          'TRANSACTION_TIMEOUT',
          `the callback of operator "${operator}" of task ${hopeless.id} is pending for ${callback?.pendingMs ?? openForMs} ms, after its ` +
            `record has already written to the transaction, which the brokers end after ${transactionTimeoutMs} ms (transactionTimeout): ` +
            'its record can never be committed. Raise transactionTimeout above what the callback may take, give the callback a timeout, ' +
            'or move it ahead of what its record writes',
          { operator, taskId: hopeless.id },
        ),
      }
    }
    this.isolated.add(tasks.map(({ id }) => id))
    return { restart: 'executor', missing: undefined }
  }

  #delayOf(taskId: TaskId): number {
    const now = performance.now()
    const last = this.#restarts.get(taskId)
    const count = last && now - last.at < CALM_MS ? last.count + 1 : 0
    this.#restarts.set(taskId, { count, at: now })
    return count === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** count, LONGEST_DELAY_MS)
  }
}
