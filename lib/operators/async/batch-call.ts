import { types } from 'node:util'
import { StreamsError } from '../../errors'
import type { HeldRecord } from '../../state/pending/pending-store'
import type { AsyncBatchAction } from '../callbacks'
import type { AsyncHost } from './async-host'
import type { ResultKind } from './async-results'
import type { AsyncSettings } from './async-settings'
import { Call, isRetriable, type Outcome } from './call'

/** A record of a batch whose call has not ended for it. */
export interface BatchedRecord {
  readonly held: HeldRecord<unknown, unknown>
  outcome: Outcome<unknown> | undefined
}

/** Some records of a batch have failed: the function returned an error for each of these. */
class RecordsFailed<C> extends Error {
  constructor(readonly errors: ReadonlyMap<C, Error>) {
    super('some records of the batch have failed')
  }
}

/**
 * Calls a function with several records. If it fails, the call is repeated; if it returns errors for some of them, it is repeated with those
 * alone, and the results of the others stand.
 */
export class BatchCall<C extends BatchedRecord> {
  readonly #call: Call<unknown>
  /** Without an outcome. */
  #open: readonly C[]

  constructor(
    private readonly options: {
      readonly records: readonly C[]
      readonly callback: AsyncBatchAction<unknown, unknown>
      readonly result: ResultKind
      readonly settings: Pick<AsyncSettings, 'timeoutMs' | 'retry'>
      readonly host: Pick<AsyncHost, 'timers' | 'operator' | 'taskId' | 'onBehalf'>
      /** The record has its outcome. */
      readonly ended: (record: C) => void
      /** Some records have. */
      readonly progressed: () => void
      /** All have. */
      readonly done: () => void
    },
  ) {
    const { records, callback, settings, host, progressed, done } = options
    const { retry } = settings
    const { context, source } = records[0]!.held
    this.#open = records
    this.#call = new Call<unknown>({
      settings: {
        timeoutMs: settings.timeoutMs,
        retry: {
          ...retry,
          on: (error, attempt) => {
            if (!(error instanceof RecordsFailed)) return retry.on(error, attempt)
            this.#endWhere(error.errors as ReadonlyMap<C, Error>, attempt, (failure) => {
              return !(isRetriable(failure) && retry.on(failure, attempt))
            })
            progressed()
            return this.#open.length > 0
          },
        },
      },
      host,
      where: context,
      records: records.length,
      attempt: (signal, attempt) =>
        host.onBehalf(context, source, () =>
          callback(
            this.#open.map(({ held }) => ({ ...held.context, key: held.key, value: held.value })),
            { signal, attempt },
          ),
        ),
      accept: (results) => this.#accept(results),
      ended: (outcome) => {
        if ('error' in outcome) this.#failed(outcome.error, outcome.attempts)
        done()
      },
    })
  }

  start(): void {
    this.#call.start()
  }

  abort(reason: Error): void {
    this.#call.abort(reason)
  }

  #accept(results: unknown): void {
    const given = this.#resultsOf(results)
    const errors = new Map<C, Error>()
    const failed: C[] = []
    for (const [i, record] of this.#open.entries()) {
      const result = given[i]
      if (isError(result)) {
        errors.set(record, result)
        failed.push(record)
      } else this.#end(record, { result })
    }
    this.#open = failed
    if (failed.length === 0) return
    this.options.progressed()
    throw new RecordsFailed(errors)
  }

  #resultsOf(results: unknown): readonly unknown[] {
    const { result, host } = this.options
    const { length } = this.#open
    if (Array.isArray(results) && results.length === length) return results
    if (result === 'nothing' && !Array.isArray(results)) return new Array<undefined>(length).fill(undefined)
    const returned = Array.isArray(results) ? `${results.length} results` : `no array, but ${typeof results}`
    const { operator, taskId } = host
    const { topic, partition, offset } = this.#open[0]!.held.context
    throw new StreamsError(
      'CALL_FAILED',
      `the call of async operator "${operator}" of task ${taskId} returned ${returned} for a batch of ${length} records: return a result for ` +
        'each, in the same order, or an Error in place of the result of a record that failed',
      { operator, taskId, ...(topic === null ? {} : { topic, partition, offset }) },
    )
  }

  #failed(error: unknown, attempts: number): void {
    const own = error instanceof RecordsFailed ? (error.errors as ReadonlyMap<C, Error>) : undefined
    for (const record of this.#open) this.#end(record, { error: own?.get(record) ?? error, attempts })
    this.#open = []
  }

  #endWhere(errors: ReadonlyMap<C, Error>, attempts: number, isFinal: (error: Error) => boolean): void {
    // asked before any of them ends: it may throw, which ends all of them
    const final = new Set(this.#open.filter((record) => isFinal(errors.get(record)!)))
    this.#open = this.#open.filter((record) => !final.has(record))
    for (const record of final) this.#end(record, { error: errors.get(record)!, attempts })
  }

  #end(record: C, outcome: Outcome<unknown>): void {
    record.outcome = outcome
    this.options.ended(record)
  }
}

/** Also one of another realm, such as a test runner's. */
const isError = (result: unknown): result is Error => result instanceof Error || types.isNativeError(result)
