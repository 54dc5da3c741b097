import { timerMs } from '../../durations'
import { StreamsError } from '../../errors'
import { deadLetterTopic, type ProcessingExceptionHandler } from '../../handlers'
import type { AsyncHost, AsyncWork, CallFailure, CallTimers } from '../../operators/async/async-host'
import type { OnCallError } from '../../operators/async/async-settings'
import type { RecordContext } from '../../record/record-context'
import type { StreamRecord } from '../../record/stream-record'
import { copyOf, NO_SOURCE_BYTES, type SourceBytes } from '../output/source-bytes'
import type { TaskConfig } from './task-config'

/** A node with an async operator. */
export interface AsyncNode {
  readonly name: string
  failed(
    error: unknown,
    record: StreamRecord<unknown, unknown>,
    handler: ProcessingExceptionHandler | undefined,
    explained: (error: Error) => StreamsError,
  ): void
}

/** What async operators need of their task. */
export interface AsyncTask {
  readonly taskId: string
  readonly recordContext: RecordContext
  readonly source: SourceBytes
  readonly closed: boolean
  readonly config: TaskConfig
  readonly wakeUp: () => void
  within<T>(context: RecordContext, source: SourceBytes, work: () => T): T
}

const after = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, timerMs(ms))
  return () => clearTimeout(timer)
}

export const systemTimers: CallTimers = { timeOut: after, backOff: after, linger: after }

/**
 * The async operators of a task. Their calls run beside its records; their results are forwarded one at a time, where the next record
 * would be processed otherwise. So they wait, as records do, while the task is held for a commit or outputs can't be sent.
 */
export class AsyncOperators {
  /** There are results to forward, or the task must take no more input. */
  needAttention = false
  /** The task was woken up for results, and has not forwarded all of them since. */
  #isAwake = false
  /** Each after those whose results it may get. */
  readonly #works: AsyncWork[] = []
  #arrival: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(
    private readonly task: AsyncTask,
    private readonly timers: CallTimers,
  ) {}

  host(node: AsyncNode, work: AsyncWork): AsyncHost {
    this.#works.push(work)
    const { task, timers } = this
    const { config, taskId } = task
    // the fetch buffer may be gone when a handler needs the source bytes
    const keepsSource =
      work.needsSource ||
      config.processingExceptionHandler !== undefined ||
      config.productionExceptionHandler !== undefined
    return {
      operator: node.name,
      taskId,
      timers,
      atomicCommits: config.processingGuarantee === 'exactly_once',
      source: () => (keepsSource ? copyOf(task.source) : NO_SOURCE_BYTES),
      onBehalf: (context, source, call) => task.within(context, source, call),
      failed: ({ error, attempts }, record, onError) => {
        const explained = (cause: Error): StreamsError => this.#callFailed(node.name, cause, attempts)
        node.failed(error, record, handlerOf(onError) ?? config.processingExceptionHandler, explained)
      },
      filled: () => (this.needAttention = true),
      resultArrived: () => this.#resultArrived(),
    }
  }

  begin(): void {
    for (const work of this.#works) work.begin()
  }

  /**
   * True if a result was forwarded. One comes after those of the operators downstream, and waits while any of them is full: what it
   * leads to may have to be held there.
   */
  forwardNext(): boolean {
    for (let i = this.#works.length - 1; i >= 0; i--) {
      const work = this.#works[i]!
      if (work.hasResult) {
        work.forwardResult()
        return true
      }
      if (work.isFull) {
        this.#isAwake = false
        return false
      }
    }
    this.#isAwake = false
    this.needAttention = false
    return false
  }

  /** Results are there, or will come. */
  get busy(): boolean {
    return this.#works.some(({ hasResult, isCalling }) => hasResult || isCalling)
  }

  /** None holds a record. */
  get isIdle(): boolean {
    return this.#works.every((work) => work.isIdle)
  }

  /** Resolves when there is a result; undefined if none will come. */
  resultArrives(): Promise<void> | undefined {
    if (this.#works.some(({ hasResult }) => hasResult)) return Promise.resolve()
    if (!this.#works.some(({ isCalling }) => isCalling)) return undefined
    if (this.#arrival === undefined) {
      let resolve!: () => void
      const promise = new Promise<void>((onResolve) => (resolve = onResolve))
      this.#arrival = { promise, resolve }
    }
    return this.#arrival.promise
  }

  beforeCommit(): boolean {
    let isRest = false
    for (const work of this.#works) if (work.beforeCommit()) isRest = true
    return isRest
  }

  /** Nothing more will come. One that holds records comes before those that its results may go to. True if one held records back. */
  finish(): boolean {
    return this.#works.find(({ isIdle }) => !isIdle)?.finish?.() ?? false
  }

  committed(): void {
    for (const work of this.#works) work.committed?.()
  }

  commitDropped(): void {
    for (const work of this.#works) work.commitDropped()
  }

  #resultArrived(): void {
    this.#arrival?.resolve()
    this.#arrival = undefined
    this.needAttention = true
    if (this.#isAwake || this.task.closed) return
    this.#isAwake = true
    this.task.wakeUp()
  }

  #callFailed(operator: string, cause: Error, attempts: CallFailure['attempts']): StreamsError {
    const { taskId, recordContext } = this.task
    const { topic, partition, offset } = recordContext
    const where = topic === null ? 'in a punctuation' : `at offset ${offset} of ${topic}-${partition}`
    const times = attempts === 1 ? 'failed' : `failed ${attempts} times, the last time`
    return new StreamsError(
      cause instanceof StreamsError ? cause.code : 'CALL_FAILED',
      `the call of async operator "${operator}" of task ${taskId} ${times} ${where}: ${cause.message}. Fix the callback, set retry if ` +
        'it may succeed later, or set onError to skip such records or to send them to a dead letter topic',
      { operator, taskId, ...(topic === null ? {} : { topic, partition, offset }) },
      { cause },
    )
  }
}

const handlerOf = (onError: OnCallError): ProcessingExceptionHandler | undefined => {
  if (onError === 'fail') return undefined
  return onError === 'skip' ? () => 'continue' : deadLetterTopic(onError.deadLetter)
}
