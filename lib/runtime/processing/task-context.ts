import { isObject } from '../../arguments'
import { shown } from '../../config/config-values'
import { type ErrorLocation, StreamsError } from '../../errors'
import type { ErrorHandlerContext, ErrorHandlerResponse } from '../../handlers'
import type { Logger } from '../../observe/logger'
import { areHeaders, type RecordHeaders } from '../../record/headers'
import type { CallTimers } from '../../operators/async/async-host'
import { HeldRecordContext } from '../../record/held-record-context'
import { isSameRecord, type RecordContext } from '../../record/record-context'
import { RateLimitedLog } from '../../observe/rate-limited-log'
import { TaskRecordCounts } from '../../observe/record-counts'
import type { TaskSensors } from '../../observe/metrics/task-sensors'
import type { DropReason } from '../../record/drop-reason'
import { isPromise } from '../../promise'
import type { Serde } from '../../serdes/serde'
import type { ManagedStore, StateStore } from '../../state/store'
import type { RecordCollector } from '../output/record-collector'
import type { SendingTask } from '../output/sending-task'
import { asError, TaskFailure } from '../failure/task-failure'
import { copyOf, NO_SOURCE_BYTES, type SourceBytes } from '../output/source-bytes'
import type { Preparation } from '../tasks/preparation'
import type { StoreWriter } from '../tasks/store-context'
import { AsyncBoundary } from './async-boundary'
import { AsyncOperators, systemTimers } from './async-operators'
import type { AwaitedWork } from './awaited-work'
import type { Clock } from './clock'
import { IDLE } from './idle-context'
import type { SlowCallbackMonitor } from './slow-callback-monitor'
import type { TaskConfig } from './task-config'

/** The id of the task that fills the global stores of an instance. */
export const GLOBAL_TASK_ID = 'global'

export interface TaskContextOptions {
  readonly id: string
  readonly config: TaskConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly collector: RecordCollector
  readonly monitor: SlowCallbackMonitor
  readonly preparation: Preparation
  readonly stores: readonly ManagedStore[]
  /** What every processor can read. */
  readonly globalStores?: ReadonlyMap<string, StateStore> | undefined
  readonly wakeUp: () => void
  /** Default: its own. */
  readonly recordCounts?: TaskRecordCounts | undefined
  /** Default: nothing is measured. */
  readonly sensors?: TaskSensors | undefined
  /** Of async operators. Default: the system's. */
  readonly callTimers?: CallTimers | undefined
}

/** What the nodes and stores of a task share, above all the current record. Others change it through its methods. */
export class TaskContext implements SendingTask, StoreWriter {
  /** The current record; between records the one that an async operator awaits, else `IDLE`. */
  recordContext: RecordContext = IDLE
  /** The record that the current work began with, and the bytes it was read from, which are valid while it is processed. */
  private enteredContext: RecordContext = IDLE
  private enteredSource: SourceBytes = NO_SOURCE_BYTES
  streamTime = -1
  /** Stream time that was reached without a record. Committed with the offsets. */
  reachedStreamTime: number | undefined = undefined
  /** A processor has requested a commit. */
  commitRequested = false
  /** Something was processed, punctuated or skipped since the last commit. */
  commitNeeded = false
  /** How often something left the task: a record for a topic, a change for a changelog. */
  effects = 0
  /** By store: the last window close that its aggregation has emitted. Committed with the offsets. */
  readonly lastEmittedWindowClose = new Map<string, number>()
  /** Set once, permanently: the task must be closed. */
  failure: { readonly error: unknown } | undefined = undefined
  /** Awaited work that outlives the task has no effect. */
  closed = false
  readonly async: AsyncBoundary
  readonly asyncOperators: AsyncOperators

  readonly applicationId: string
  readonly taskId: string
  readonly config: TaskConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly collector: RecordCollector
  readonly monitor: SlowCallbackMonitor
  readonly preparation: Preparation
  readonly stores: ReadonlyMap<string, ManagedStore>
  readonly globalStores: ReadonlyMap<string, StateStore>
  /** How nodes see those stores that they don't see as they are. */
  readonly storeViews = new Map<string, StateStore>()
  readonly wakeUp: () => void
  readonly recordCounts: TaskRecordCounts
  readonly sensors: TaskSensors | undefined
  private readonly droppedOnErrors: RateLimitedLog

  constructor(options: TaskContextOptions) {
    this.applicationId = options.config.applicationId
    this.taskId = options.id
    this.config = options.config
    this.clock = options.clock
    this.logger = options.logger
    this.collector = options.collector
    this.monitor = options.monitor
    this.preparation = options.preparation
    this.wakeUp = options.wakeUp
    this.stores = new Map(options.stores.map((store) => [store.name, store]))
    this.globalStores = options.globalStores ?? new Map()
    this.async = new AsyncBoundary(this)
    this.asyncOperators = new AsyncOperators(this, options.callTimers ?? systemTimers)
    this.recordCounts = options.recordCounts ?? new TaskRecordCounts(options.id)
    this.sensors = options.sensors
    this.droppedOnErrors = new RateLimitedLog(options.logger)
  }

  // ---------------------------------------------------------------------------------------- the record in work

  setRecordContext(context: RecordContext): void {
    this.recordContext = context
  }

  /** The following work concerns this record. */
  enter(context: RecordContext, source: SourceBytes): void {
    this.recordContext = this.enteredContext = context
    this.enteredSource = source
  }

  /** Between synchronous records. */
  idle(): void {
    this.enter(this.async.idleContext, this.async.idleSource)
  }

  /**
   * The source bytes of the current record, for dead letters. A cache keeps those of the records that it holds. There are none of a record
   * that was in a buffer since it was read: those at hand are another record's.
   */
  get source(): SourceBytes {
    if (this.isEntered) return this.enteredSource
    return HeldRecordContext.bytesOf(this.recordContext) ?? NO_SOURCE_BYTES
  }

  /** The current record is the one that was read just now, and not one that was held in a cache or a buffer since it was read. */
  get isEntered(): boolean {
    return isSameRecord(this.recordContext, this.enteredContext)
  }

  heldBytes(): SourceBytes | null {
    const { processingExceptionHandler, productionExceptionHandler } = this.config
    const mayBeAskedFor = processingExceptionHandler !== undefined || productionExceptionHandler !== undefined
    return mayBeAskedFor ? copyOf(this.source) : null
  }

  /** Runs `work` in the context of another record. */
  within<T>(context: RecordContext, source: SourceBytes, work: () => T): T {
    const { recordContext, enteredContext, enteredSource } = this
    this.enter(context, source)
    try {
      return work()
    } finally {
      this.enter(enteredContext, enteredSource)
      this.recordContext = recordContext
    }
  }

  advanceStreamTime(timestamp: number): void {
    if (timestamp > this.streamTime) this.streamTime = timestamp
  }

  /** Results of callbacks are still to come. */
  get awaits(): boolean {
    return this.async.busy || this.asyncOperators.busy
  }

  get awaited(): AwaitedWork {
    if (!this.awaits) return 'nothing'
    return this.asyncOperators.busy || this.async.holdsRecords ? 'records' : 'punctuations'
  }

  /** Stream time has come to be this without a record. */
  reachStreamTime(time: number): void {
    this.advanceStreamTime(time)
    this.reachedStreamTime = Math.max(time, this.reachedStreamTime ?? time)
  }

  /** There is something to commit. */
  moved(): void {
    this.commitNeeded = true
  }

  requestCommit(): void {
    this.commitRequested = true
  }

  /** Everything so far is part of the next commit. */
  sealed(): void {
    this.commitNeeded = false
    this.commitRequested = false
  }

  /** Something leaves the task. */
  takeEffect(): void {
    this.effects++
  }

  // ---------------------------------------------------------------------------------------- its stores

  get writtenBy(): RecordContext | null {
    return this.recordContext === IDLE ? null : this.recordContext
  }

  logChange(
    topic: string,
    partition: number,
    key: Buffer,
    value: Buffer | null,
    timestamp: number | null,
    headers: RecordHeaders,
  ): void {
    // writes of a closed task would end up in the transaction of its successors
    if (this.closed) throw this.closedError()
    this.effects++
    this.collector.sendBytes(topic, partition, key, value, timestamp ?? this.clock.now(), headers)
  }

  // ---------------------------------------------------------------------------------------- serdes and failures

  get defaultKeySerde(): Serde<unknown> {
    return this.config.defaultKeySerde
  }

  get defaultValueSerde(): Serde<unknown> {
    return this.config.defaultValueSerde
  }

  closedError(): StreamsError {
    return new StreamsError(
      'ILLEGAL_STATE',
      `task ${this.taskId} is closed: what was still awaited there is not written`,
      {
        taskId: this.taskId,
      },
    )
  }

  fail(error: unknown): void {
    this.failure ??= { error }
  }

  /** Nothing more is started. */
  close(): void {
    this.closed = true
    this.async.abandon()
    this.enter(IDLE, NO_SOURCE_BYTES)
    this.droppedOnErrors.close()
  }

  /** Logged at the 1st, 10th, 100th … time of each operator and reason: a bad producer must not flood the log. */
  dropRecord(operator: string, reason: DropReason, details: string, level: 'warn' | 'debug' = 'warn'): void {
    const times = this.recordCounts.dropped(operator, reason)
    if (!Number.isInteger(Math.log10(times))) return
    const { topic, partition, offset } = this.recordContext
    this.logger[level](
      { taskId: this.taskId, operator, topic, partition, offset, reason, times },
      `operator "${operator}" dropped ${this.#recordInWork()}: ${details} (${times} so far)`,
    )
  }

  /** What an exception handler gets to know about the current record. */
  errorContext(operator: string, { code, message }: StreamsError): ErrorHandlerContext {
    const { topic, partition, offset, timestamp, headers } = this.recordContext
    const { rawKey, rawValue } = this.source
    return {
      taskId: this.taskId,
      operator,
      code,
      description: message,
      topic,
      partition,
      offset,
      timestamp,
      headers,
      sourceRawKey: rawKey,
      sourceRawValue: rawValue,
    }
  }

  /**
   * Asks a handler, and applies its response: sends the dead letters; true to continue without the record, which is then
   * counted as dropped and logged with its error.
   */
  resolve(operator: string, error: Error, ask: () => ErrorHandlerResponse): boolean {
    let response: ErrorHandlerResponse
    try {
      response = ask()
    } catch (thrown) {
      const what = `threw ${shown(asError(thrown).message)}`
      throw this.#handlerFailed(operator, error, what, 'Correct the handler', thrown)
    }
    if (!isResponse(response)) {
      const object = isPromise(response) ? 'a promise, which is not awaited,' : 'an object that does not fit,'
      const what = `returned ${isObject(response) ? object : shown(response)}`
      const advice =
        "Let the handler return 'continue', 'fail', or { result, deadLetters } with one of them and " +
        'a list of { topic, key, value, timestamp, headers }: key and value are bytes or null, timestamp a whole number of milliseconds, ' +
        'headers a list of names and bytes'
      throw this.#handlerFailed(operator, error, what, advice, error)
    }
    const [result, letters] = typeof response === 'string' ? [response, []] : [response.result, response.deadLetters]
    for (const letter of letters) {
      this.effects++
      const about = { what: this.#recordInWork(), location: this.#locationOf(operator) }
      this.collector.sendDeadLetter(letter, operator, about)
      this.recordCounts.deadLetterSent(operator)
    }
    if (result === 'fail') return false
    this.recordCounts.dropped(operator, 'error')
    const { topic, partition, offset } = this.recordContext
    const sent = [...new Set(letters.map((letter) => `"${letter.topic}"`))].join(', ')
    this.droppedOnErrors.warn(
      operator,
      { taskId: this.taskId, operator, topic, partition, offset, err: error },
      `operator "${operator}" failed on ${this.#recordInWork()}: dropped, as the exception handler says` +
        (sent === '' ? '' : `, and sent to ${sent}`),
    )
    return true
  }

  /** Reported at once: a user's processor upstream may catch what its forward() throws. */
  #handlerFailed(operator: string, error: Error, what: string, advice: string, cause: unknown): TaskFailure {
    const failure = new StreamsError(
      'PROCESSING_FAILED',
      `the exception handler ${what} for operator "${operator}", which failed on ${this.#recordInWork()}: ` +
        `${error.message}. ${advice}`,
      this.#locationOf(operator),
      { cause },
    )
    this.fail(failure)
    return new TaskFailure(failure)
  }

  #locationOf(operator: string): ErrorLocation {
    const { topic, partition, offset } = this.recordContext
    return { operator, taskId: this.taskId, ...(topic === null ? {} : { topic, partition, offset }) }
  }

  #recordInWork(): string {
    const { topic, partition, offset } = this.recordContext
    return topic === null ? 'a punctuation' : `the record of ${topic}-${partition} at offset ${offset}`
  }
}

/** Only compilers check what a handler returns. */
const isResponse = (response: unknown): response is ErrorHandlerResponse =>
  isObject(response)
    ? isResult(response.result) && Array.isArray(response.deadLetters) && response.deadLetters.every(isDeadLetter)
    : isResult(response)

const isDeadLetter = (letter: unknown): boolean => {
  if (!isObject(letter) || typeof letter.topic !== 'string' || !Number.isSafeInteger(letter.timestamp)) return false
  return (
    [letter.key, letter.value].every((bytes) => bytes === null || ArrayBuffer.isView(bytes)) &&
    areHeaders(letter.headers)
  )
}

const isResult = (value: unknown): boolean => value === 'fail' || value === 'continue'
