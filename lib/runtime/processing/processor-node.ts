import { oneOf, requireArgument, requireFunction } from '../../arguments'
import { toMilliseconds, type Duration } from '../../durations'
import { StreamsError } from '../../errors'
import type { AsyncHost, AsyncWork } from '../../operators/async/async-host'
import { Operator } from '../../operators/operator'
import { requireNoPromise } from '../../operators/refused-results'
import type {
  Cancellable,
  OperatorContext,
  OperatorMetric,
  OperatorSensor,
  Processor,
  PunctuationType,
  RecordMetadata,
} from '../../operators/processor'
import { isPromise } from '../../promise'
import { MissingDependency } from '../../serdes/missing-dependency'
import type { Serde } from '../../serdes/serde'
import { type ExpiringStore, ROWS_AT_ONCE, ROWS_WITH_A_RECORD } from '../../state/expiry/expiring-store'
import { storeFor, viewedStoreFor } from '../../state/key-value/plain-view'
import type { StateStore } from '../../state/store'
import { SinkFunctionFailed } from '../failure/sink-function-failed'
import { asError, TaskFailure } from '../failure/task-failure'
import { isStateFailure } from '../failure/failure-kind'
import { type Child, someReadValues } from './child'
import type { Punctuations } from './punctuation'
import { IDLE } from './idle-context'
import {
  lifeCycleFailed,
  noHeaders,
  noPunctuations,
  noRecord,
  noSuchChild,
  outOfTurn,
  processingFailed,
  storeNotConnected,
  unexpectedPromise,
} from './processor-errors'
import { GLOBAL_TASK_ID, type TaskContext } from './task-context'
import { UserContext } from './user-context'
import type { DropReason } from '../../record/drop-reason'
import { areHeaders, NO_HEADERS } from '../../record/headers'
import { contextWith } from '../../record/held-record-context'
import { isSameRecord, type RecordContext } from '../../record/record-context'
import { StreamRecord } from '../../record/stream-record'

const PUNCTUATION_TYPE = oneOf('stream-time', 'wall-clock-time')

/**
 * A processor in its task: wired once, and at the same time the context that its operator sees. Whatever the processor
 * throws is caught here, so that an error carries the name of the innermost operator it passed.
 */
export class ProcessorNode implements Child, OperatorContext<unknown, unknown> {
  private readonly children: Child[] = []
  /** Children that get records by name alone. */
  private readonly sideOutputs: Child[] = []
  /** Records and punctuations of this node that the async boundary still holds. */
  private queued = 0
  /** A processor that has ever returned a promise starts only when nothing else of the task is awaited. */
  private isAsync = false
  private readonly isUsers: boolean
  /** Of an operator: there are more classes of them than V8 looks up a method of quickly. */
  private readonly operate: Processor<unknown, unknown>['process']

  constructor(
    readonly name: string,
    private readonly processor: Processor<unknown, unknown>,
    private readonly task: TaskContext,
    private readonly punctuations: Punctuations,
    private readonly storeNames: ReadonlySet<string>,
    /** Of its stores those whose rows expire. */
    private readonly expiring: readonly ExpiringStore<unknown, unknown>[],
  ) {
    this.isUsers = !(processor instanceof Operator)
    this.operate = processor.process
  }

  /** The store of whose reads by others its operator is told. */
  get keptStore(): string | undefined {
    return this.processor instanceof Operator ? this.processor.keptStore : undefined
  }

  /** Why it may drop records, beside errors. */
  get dropReasons(): readonly DropReason[] {
    return this.processor instanceof Operator ? this.processor.dropReasons : []
  }

  /** Another node has read this row of it. */
  rowRead(key: unknown, row: unknown): void {
    if (this.processor instanceof Operator) this.processor.rowRead(key, row)
  }

  addChild(child: Child, sideOutput: boolean): void {
    if (sideOutput) this.sideOutputs.push(child)
    else this.children.push(child)
  }

  init(): void {
    try {
      requireNoPromise(this.processor.init?.(this.isUsers ? new UserContext(this) : this))
    } catch (error) {
      throw lifeCycleFailed('init', this, error)
    }
  }

  process(record: StreamRecord<unknown, unknown>): void {
    if (this.queued > 0 || (this.isAsync && this.task.async.busy)) {
      this.task.async.enqueue(this, record)
      return
    }
    const context = this.task.recordContext
    let result: unknown
    try {
      if (this.expiring.length > 0) this.deleteDue(ROWS_WITH_A_RECORD)
      result = this.isUsers ? this.call(record) : this.operate.call(this.processor, record)
    } catch (error) {
      // the operator may be at a record that it has held: then the error is that one's
      if (isSameRecord(this.task.recordContext, context)) this.task.setRecordContext(context)
      this.failed(error, record)
      this.task.setRecordContext(context)
      return
    }
    if (result !== undefined && isPromise(result)) this.task.async.adopt(this, record, result)
  }

  readsValues(): boolean {
    return this.valueUse === 'reads'
  }

  get forwardsValuesTo(): readonly Child[] {
    return this.valueUse === 'forwards' ? [...this.children, ...this.sideOutputs] : this.sideOutputs
  }

  /** The async boundary holds one more of this node. */
  enqueued(): void {
    this.queued++
  }

  /** The async boundary is done with one of them. */
  dequeued(): void {
    this.queued--
  }

  /** It has returned a promise. */
  becomeAsync(): void {
    this.isAsync = true
  }

  /** Runs a queued record; the async boundary handles its outcome. */
  start(record: StreamRecord<unknown, unknown>): unknown {
    this.deleteDue(ROWS_WITH_A_RECORD)
    return this.call(record)
  }

  punctuate(callback: (timestamp: number) => void | Promise<void>, timestamp: number, done: () => void): void {
    if (this.queued > 0 || (this.isAsync && this.task.async.busy)) {
      this.task.async.enqueueCall(this, () => callback(timestamp), done)
      return
    }
    const context = this.task.recordContext
    let result: unknown
    try {
      this.task.monitor.enter(this)
      result = callback(timestamp)
    } catch (error) {
      this.task.setRecordContext(context)
      this.failed(error, undefined)
      done()
      return
    }
    if (isPromise(result)) this.task.async.adopt(this, undefined, result, done)
    else done()
  }

  /** By how much stream time must pass a record's timestamp until it holds nothing of it back; `Infinity` if that never comes. */
  get closesAfterMs(): number {
    return this.processor instanceof Operator ? this.processor.closesAfterMs : 0
  }

  /** Stream time has reached this time without a record. */
  advanceStreamTime(to: number): void {
    const context = this.task.recordContext
    try {
      this.deleteDue(ROWS_AT_ONCE)
      if (this.processor instanceof Operator) this.processor.advanceStreamTime(to)
    } catch (error) {
      this.failed(error, undefined)
      this.task.setRecordContext(context)
    }
  }

  /** Calls the processing handler; returns if it decides to continue without the record. */
  failed(
    thrown: unknown,
    record: StreamRecord<unknown, unknown> | undefined,
    handler = this.task.config.processingExceptionHandler,
    explained = (error: Error): StreamsError => this.described(error, 'failed'),
  ): void {
    if (thrown instanceof TaskFailure) throw thrown
    const failure = asError(thrown)
    const error = failure instanceof SinkFunctionFailed ? failure.thrown : failure
    // processing can't wait: the task restarts once it is available
    if (error instanceof MissingDependency) throw this.escalate(this.described(error, 'lacks what a serde needs'))
    // about the state, not the record: no handler decides
    if (isStateFailure(error)) throw this.escalate(error)
    const located = failure instanceof StreamsError && failure.location.operator !== undefined
    const reported = located ? failure : explained(failure)
    const ask = handler && (() => handler(error, this.task.errorContext(this.name, reported), record))
    if (ask && this.task.resolve(this.name, error, ask)) return
    throw this.escalate(reported)
  }

  /** Reported to the task at once: a user's processor upstream may catch what its forward() throws. */
  private escalate(error: StreamsError): TaskFailure {
    this.task.fail(error)
    return new TaskFailure(error)
  }

  async close(): Promise<void> {
    try {
      const closing = this.processor.close?.()
      if (isPromise(closing)) await this.closed(closing)
    } catch (error) {
      throw lifeCycleFailed('close', this, error)
    }
  }

  private async closed(closing: Promise<unknown>): Promise<void> {
    const stopWatching = this.task.monitor.closing(this)
    try {
      await closing
    } finally {
      stopWatching()
    }
  }

  // ---------------------------------------------------------------------------------------- its operator's context

  get applicationId(): string {
    return this.task.applicationId
  }

  get taskId(): string {
    return this.task.taskId
  }

  get defaultKeySerde(): Serde<unknown> {
    return this.task.defaultKeySerde
  }

  get defaultValueSerde(): Serde<unknown> {
    return this.task.defaultValueSerde
  }

  get recordContext(): RecordContext {
    return this.task.recordContext
  }

  set recordContext(context: RecordContext) {
    this.task.setRecordContext(context)
  }

  forward(record: StreamRecord<unknown, unknown>, child?: string): void {
    const { task, children } = this
    const context = task.recordContext
    if (record.timestamp !== context.timestamp || record.headers !== context.headers) {
      if (context === IDLE) throw outOfTurn(this)
      task.setRecordContext(contextWith(context, record.timestamp, record.headers))
    }
    if (child !== undefined) this.childNamed(child).process(record)
    else if (children.length === 1) children[0]!.process(record)
    else for (let i = 0; i < children.length; i++) children[i]!.process(record)
    if (task.recordContext !== context) task.setRecordContext(context)
  }

  stateStore<S extends StateStore>(store: string | { readonly name: string; readonly storeType?: S }): S {
    const name = typeof store === 'string' ? store : store.name
    const found = this.task.stores.get(name)
    if (found !== undefined && this.storeNames.has(name)) {
      const view = this.keptStore === name ? undefined : this.task.storeViews.get(name)
      return viewedStoreFor(store, found, view ?? found) as S
    }
    const global = this.task.globalStores.get(name)
    if (global !== undefined) return storeFor(store, global) as S
    throw storeNotConnected(this, name, this.storeNames)
  }

  schedule(
    interval: Duration,
    type: PunctuationType,
    callback: (timestamp: number) => void | Promise<void>,
    startMs?: number,
  ): Cancellable {
    if (this.taskId === GLOBAL_TASK_ID) throw noPunctuations(this)
    const method = `schedule() of processor "${this.name}"`
    requireArgument(type, PUNCTUATION_TYPE, method, 'type')
    requireFunction(callback, method, 'a callback')
    return this.punctuations.schedule(this, toMilliseconds(interval, 'interval'), type, callback, startMs)
  }

  commit(): void {
    this.task.requestCommit()
  }

  recordMetadata(): RecordMetadata | undefined {
    const { topic, partition, offset } = this.task.recordContext
    return topic === null ? undefined : { topic, partition, offset }
  }

  currentStreamTime(): number {
    return this.task.streamTime
  }

  currentSystemTime(): number {
    return this.task.clock.now()
  }

  get resumedStreamTime(): number {
    return this.task.reachedStreamTime ?? -1
  }

  get emitIntervalMs(): number {
    return this.task.config.emitIntervalMs
  }

  lastEmittedWindowClose(store: string): number | undefined {
    return this.task.lastEmittedWindowClose.get(store)
  }

  needsOnlyBytes(writtenBy: Serde<unknown>): boolean {
    const { processingExceptionHandler, productionExceptionHandler } = this.task.config
    if (processingExceptionHandler !== undefined || productionExceptionHandler !== undefined) return false
    return !someReadValues([...this.children, ...this.sideOutputs], writtenBy)
  }

  setLastEmittedWindowClose(store: string, windowClose: number): void {
    this.task.lastEmittedWindowClose.set(store, windowClose)
  }

  dropRecord(reason: DropReason, details: string, level?: 'warn' | 'debug'): void {
    this.task.dropRecord(this.name, reason, details, level)
  }

  sensor(metric: OperatorMetric): OperatorSensor | undefined {
    return this.task.sensors?.operator(this.name, metric)
  }

  asyncHost(work: AsyncWork): AsyncHost {
    return this.task.asyncOperators.host(this, work)
  }

  watch<A extends unknown[], R>(callback: (...args: A) => R, awaits = false): (...args: A) => R {
    const { monitor } = this.task
    const enter = (): void => monitor.enter(this)
    const unexpected = (promise: Promise<unknown>): StreamsError => unexpectedPromise(this, promise)
    const call = callback as (...args: unknown[]) => unknown
    const watched = function (a?: unknown, b?: unknown, c?: unknown): unknown {
      enter()
      // the callback gets exactly these arguments: Math.max is a valid reducer
      const count = arguments.length
      const result = count === 3 ? call(a, b, c) : count === 2 ? call(a, b) : count === 1 ? call(a) : call()
      // each result is checked: `cache.get(v) ?? lookup(v)` is sometimes a value and sometimes a promise
      if (typeof result === 'object' && !awaits && isPromise(result)) throw unexpected(result)
      return result
    }
    return watched as unknown as (...args: A) => R
  }

  /** For a user's processor, whose own time resumes when its children are done. */
  forwardFromUser(record: StreamRecord<unknown, unknown>, child?: string): void {
    if (!(record instanceof StreamRecord)) throw noRecord(this)
    if (record.headers !== NO_HEADERS && !areHeaders(record.headers)) throw noHeaders(this)
    this.forward(record, child)
    this.task.monitor.enter(this)
  }

  private call(record: StreamRecord<unknown, unknown>): unknown {
    if (this.isUsers) this.task.monitor.enter(this)
    return this.processor.process(record)
  }

  private get valueUse(): Operator<unknown, unknown>['valueUse'] {
    return this.processor instanceof Operator ? this.processor.valueUse : 'reads'
  }

  private deleteDue(limit: number): void {
    for (const store of this.expiring) store.deleteDue(limit)
  }

  private childNamed(name: string): Child {
    const isMeant = (candidate: Child): boolean => candidate.name === name
    const child = this.children.find(isMeant) ?? this.sideOutputs.find(isMeant)
    if (child) return child
    throw noSuchChild(
      this,
      name,
      [...this.children, ...this.sideOutputs].map((candidate) => candidate.name),
    )
  }

  private described(error: Error, what: string): StreamsError {
    return processingFailed(this, error, what, this.task.recordContext)
  }
}
