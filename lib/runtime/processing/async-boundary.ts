import { isPromise } from '../../promise'
import { unwrap } from '../failure/task-failure'
import { copyOf, NO_SOURCE_BYTES, type SourceBytes } from '../output/source-bytes'
import { IDLE } from './idle-context'
import type { SlowCallbackMonitor, Watched } from './slow-callback-monitor'
import type { RecordContext } from '../../record/record-context'
import type { StreamRecord } from '../../record/stream-record'

/** Waiting jobs above which a task accepts no more input. A commit has to wait for all of them. */
const CAPACITY = 64

/** A node whose callbacks may be awaited. */
export interface AwaitingNode extends Watched {
  enqueued(): void
  dequeued(): void
  becomeAsync(): void
  /** Runs a queued record. */
  start(record: StreamRecord<unknown, unknown>): unknown
  /** Returns if the record is passed over; else throws. */
  failed(error: unknown, record: StreamRecord<unknown, unknown> | undefined): void
}

/** What the boundary needs of its task. */
export interface AwaitingTask {
  readonly recordContext: RecordContext
  readonly source: SourceBytes
  readonly failure: { readonly error: unknown } | undefined
  readonly closed: boolean
  readonly config: { readonly processingExceptionHandler?: unknown; readonly productionExceptionHandler?: unknown }
  readonly monitor: SlowCallbackMonitor
  readonly wakeUp: () => void
  enter(context: RecordContext, source: SourceBytes): void
  fail(error: unknown): void
  closedError(): Error
}

interface Job {
  readonly node: AwaitingNode
  readonly record: StreamRecord<unknown, unknown> | undefined
  readonly call: () => unknown
  readonly done: (() => void) | undefined
  readonly context: RecordContext
  readonly source: SourceBytes
}

/**
 * The queue of a task's awaited work: records for a processor whose promise is pending, and punctuations of
 * such processors. One job at a time is awaited, in order of arrival, so that between synchronous records the record
 * context is always that of the awaited job: what its continuation forwards or stores is attributed to its record.
 */
export class AsyncBoundary {
  private readonly queue: Job[] = []
  /** More than one only while a processor reveals itself as async by its first promise. */
  private readonly awaited = new Map<Job, { readonly since: number; readonly stopWatching: () => void }>()
  #used = false
  private waiters: Array<{ resolve: () => void; reject: (error: unknown) => void }> = []

  constructor(private readonly task: AwaitingTask) {}

  /** Anything has ever been awaited. */
  get used(): boolean {
    return this.#used
  }

  get busy(): boolean {
    return this.awaited.size > 0
  }

  /** Some of the work is that of records, not of punctuations. */
  get holdsRecords(): boolean {
    for (const { record } of this.awaited.keys()) if (record !== undefined) return true
    return this.queue.some(({ record }) => record !== undefined)
  }

  get full(): boolean {
    return this.queue.length >= CAPACITY
  }

  /** The callback that has been pending the longest. */
  get oldest(): { readonly operator: string; readonly pendingMs: number } | undefined {
    for (const [{ node }, { since }] of this.awaited) {
      return { operator: node.name, pendingMs: Math.round(performance.now() - since) }
    }
    return undefined
  }

  /** The record context between synchronous records. */
  get idleContext(): RecordContext {
    if (this.awaited.size === 0) return IDLE
    let context = IDLE
    for (const job of this.awaited.keys()) context = job.context
    return context
  }

  /** The bytes of that record. */
  get idleSource(): SourceBytes {
    let source = NO_SOURCE_BYTES
    for (const job of this.awaited.keys()) source = job.source
    return source
  }

  enqueue(node: AwaitingNode, record: StreamRecord<unknown, unknown>): void {
    this.queue.push(this.job(node, record, () => node.start(record), undefined))
  }

  enqueueCall(node: AwaitingNode, call: () => unknown, done: () => void): void {
    this.queue.push(this.job(node, undefined, call, done))
  }

  /** Waits for work that has just returned a promise. */
  adopt(
    node: AwaitingNode,
    record: StreamRecord<unknown, unknown> | undefined,
    promise: Promise<unknown>,
    done?: () => void,
  ): void {
    node.becomeAsync()
    this.#used = true
    this.await(
      this.job(node, record, () => promise, done),
      promise,
    )
  }

  /** Resolves when nothing is queued or awaited; rejects if the work fails. */
  drained(): Promise<void> {
    if (this.task.failure !== undefined) return Promise.reject(this.task.failure.error as Error)
    if (!this.busy) return Promise.resolve()
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }))
  }

  /** The task is closed: nothing more is started, and nobody waits. */
  abandon(): void {
    for (const { stopWatching } of this.awaited.values()) stopWatching()
    this.queue.length = 0
    const { waiters } = this
    this.waiters = []
    for (const { reject } of waiters) reject(this.task.closedError())
  }

  private job(
    node: AwaitingNode,
    record: StreamRecord<unknown, unknown> | undefined,
    call: () => unknown,
    done: (() => void) | undefined,
  ): Job {
    const { recordContext: context, source, config } = this.task
    node.enqueued()
    // the fetch buffer may be gone when a handler needs the source bytes
    const keep = config.processingExceptionHandler !== undefined || config.productionExceptionHandler !== undefined
    return {
      node,
      record,
      call,
      done,
      context,
      source: keep ? copyOf(source) : NO_SOURCE_BYTES,
    }
  }

  private await(job: Job, promise: Promise<unknown>): void {
    const stopWatching = this.task.monitor.pending(job.node, job.context)
    this.awaited.set(job, { since: performance.now(), stopWatching })
    const settle = (failure?: { error: unknown }): void => {
      stopWatching()
      this.awaited.delete(job)
      this.settled(job, failure)
    }
    promise.then(
      () => settle(),
      (error: unknown) => settle({ error }),
    )
  }

  private settled(job: Job, failure: { error: unknown } | undefined): void {
    if (this.task.closed) return
    const wasFull = this.full
    if (failure) this.handle(job, failure.error)
    this.finish(job)
    while (!this.busy && this.task.failure === undefined) {
      const next = this.queue.shift()
      if (next === undefined) break
      this.run(next)
    }
    this.task.enter(this.idleContext, this.idleSource)
    this.notify(wasFull)
  }

  private run(job: Job): void {
    this.enter(job)
    let result: unknown
    try {
      result = job.call()
    } catch (error) {
      this.handle(job, error)
      this.finish(job)
      return
    }
    if (isPromise(result)) this.await(job, result)
    else this.finish(job)
  }

  private handle(job: Job, error: unknown): void {
    this.enter(job)
    try {
      job.node.failed(error, job.record)
    } catch (failure) {
      this.task.fail(unwrap(failure))
    }
  }

  private enter(job: Job): void {
    this.task.enter(job.context, job.source)
  }

  private finish(job: Job): void {
    job.node.dequeued()
    job.done?.()
  }

  private notify(wasFull: boolean): void {
    const { failure } = this.task
    if (!this.busy || failure !== undefined) {
      const { waiters } = this
      this.waiters = []
      for (const { resolve, reject } of waiters) {
        if (failure !== undefined) reject(failure.error)
        else resolve()
      }
    }
    if (failure !== undefined || !this.busy || (wasFull && !this.full)) this.task.wakeUp()
  }
}
