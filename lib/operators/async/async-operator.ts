import { StreamsError } from '../../errors'
import type { DropReason } from '../../record/drop-reason'
import { StreamRecord } from '../../record/stream-record'
import type { ByteString } from '../../bytes/byte-string'
import type { HeldRecord, PendingStore } from '../../state/pending/pending-store'
import type { AsyncBatchAction, AsyncValueMapper } from '../callbacks'
import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import type { AsyncCallback } from './async-callback'
import type { AsyncHost, AsyncWork, CallFailure } from './async-host'
import { recordsOf, type ResultKind } from './async-results'
import type { AsyncSettings } from './async-settings'
import { BatchCall } from './batch-call'
import { Call, type Outcome } from './call'
import { type CallOrder, callOrder } from './call-order'
import { Gathering } from './gathering'

export interface AsyncOperation {
  readonly callback: AsyncCallback
  readonly result: ResultKind
  readonly settings: AsyncSettings
  /** Name of the store of what is held. */
  readonly store: string
}

/**
 * Makes calls for its records, many at a time. Each record is held in the pending store until its result is forwarded, which
 * happens between two records and never during a commit: so a commit contains either the record or all that followed from it.
 */
export class AsyncOperator extends Operator<unknown, unknown> implements AsyncWork {
  readonly needsSource: boolean
  private readonly order: CallOrder<RecordCall>
  private readonly running = new Set<RunningCall>()
  private isStarting = false
  private store!: PendingStore<unknown, unknown>
  private host!: AsyncHost
  /** The next call; undefined if there is none, or no room for one. */
  private nextCall!: () => RunningCall | undefined
  /** Of a callback that gets several records. */
  private gathering: Gathering<RecordCall> | undefined

  constructor(private readonly operation: AsyncOperation) {
    super()
    const { onError, order } = operation.settings
    this.needsSource = typeof onError === 'object'
    this.order = callOrder(order)
  }

  override get dropReasons(): readonly DropReason[] {
    return this.operation.settings.onError === 'fail' ? [] : ['error']
  }

  override init(context: OperatorContext<unknown, unknown>): void {
    super.init(context)
    this.store = context.stateStore<PendingStore<unknown, unknown>>(this.operation.store)
    this.host = context.asyncHost(this)
    const { callback } = this.operation
    if (callback.per === 'record') {
      const call = context.watch(callback.call as AsyncValueMapper<unknown, unknown, unknown>, true)
      this.nextCall = () => this.nextOfRecord(call)
    } else {
      const call = context.watch(callback.call as AsyncBatchAction<unknown, unknown>, true)
      const gathering = new Gathering<RecordCall>({
        settings: callback.gather,
        timers: this.host.timers,
        next: () => this.order.start(),
        due: () => this.progressed(),
      })
      this.gathering = gathering
      this.nextCall = () => this.nextOfBatch(call, gathering)
    }
  }

  process({ key, value }: StreamRecord<unknown, unknown>): void {
    const { store, host, context } = this
    const { callback } = this.operation
    if (callback.per === 'batch') callback.check(value as never, key as never, context.recordContext as never)
    this.order.add(new RecordCall(store.add(key, value, context.recordContext, host.source())))
    this.startCalls()
    if (this.isFull) host.filled()
  }

  close(): void {
    this.gathering?.close()
    if (this.running.size === 0) return
    const { operator, taskId } = this.host
    const reason = new StreamsError(
      'ILLEGAL_STATE',
      `task ${taskId} is closed: the calls of async operator "${operator}" that have not ended are made again where it runs next`,
      { operator, taskId },
    )
    for (const call of this.running) call.abort(reason)
    this.running.clear()
  }

  get isFull(): boolean {
    const { maxRecords, maxBytes } = this.operation.settings
    return this.store.records >= maxRecords || this.store.bytes >= maxBytes
  }

  get hasResult(): boolean {
    return this.order.hasResult
  }

  get isIdle(): boolean {
    return this.store.records === 0
  }

  get isCalling(): boolean {
    return this.running.size > 0
  }

  begin(): void {
    for (const held of this.store.restored()) this.order.add(new RecordCall(held))
    this.startCalls()
    if (this.isFull) this.host.filled()
  }

  forwardResult(): void {
    const call = this.order.takeResult()
    const { held, outcome } = call
    this.store.remove(held.sequence)
    this.host.onBehalf(held.context, held.source, () => {
      for (const record of this.recordsFor(recordOf(held), outcome!)) this.context.forward(record)
    })
    this.order.settled(call)
    this.startCalls()
  }

  finish(): boolean {
    if (this.gathering?.hurry() !== true) return false
    this.progressed()
    return true
  }

  beforeCommit(): boolean {
    return this.store.log(this.host.atomicCommits)
  }

  commitDropped(): void {
    this.store.logAgain()
  }

  /** None if the call has failed, and its record is dropped. */
  private recordsFor(
    input: StreamRecord<unknown, unknown>,
    outcome: Outcome<unknown>,
  ): readonly StreamRecord<unknown, unknown>[] {
    const { result, settings } = this.operation
    let failure: CallFailure
    if ('error' in outcome) {
      failure = outcome
    } else {
      try {
        return recordsOf[result](input, outcome.result)
      } catch (error) {
        failure = { error, attempts: 1 }
      }
    }
    this.host.failed(failure, input, settings.onError)
    return []
  }

  private startCalls(): void {
    // a call that returns no promise ends, and has the next one started, before its start returns
    if (this.isStarting) return
    this.isStarting = true
    for (let call = this.nextCall(); call !== undefined; call = this.nextCall()) {
      this.running.add(call)
      call.start()
    }
    this.isStarting = false
  }

  private get hasRoom(): boolean {
    return this.running.size < this.operation.settings.concurrency
  }

  private nextOfRecord(callback: AsyncValueMapper<unknown, unknown, unknown>): RunningCall | undefined {
    const record = this.hasRoom ? this.order.start() : undefined
    if (record === undefined) return undefined
    const { host, operation } = this
    const { key, value, context, source } = record.held
    const call = new Call<unknown>({
      settings: operation.settings,
      host,
      where: context,
      attempt: (signal, attempt) =>
        host.onBehalf(context, source, () => callback(value, key, { ...context, signal, attempt })),
      ended: (outcome) => {
        record.outcome = outcome
        this.order.ended(record)
        this.ended(call)
      },
    })
    return call
  }

  private nextOfBatch(
    callback: AsyncBatchAction<unknown, unknown>,
    gathering: Gathering<RecordCall>,
  ): RunningCall | undefined {
    gathering.gather()
    // while the task takes no more input, there is nothing to wait for
    const records = this.hasRoom ? gathering.take(this.isFull) : undefined
    if (records === undefined) return undefined
    const { host, operation } = this
    const call = new BatchCall<RecordCall>({
      records,
      callback,
      result: operation.result,
      settings: operation.settings,
      host,
      ended: (record) => this.order.ended(record),
      progressed: () => this.progressed(),
      done: () => this.ended(call),
    })
    return call
  }

  private ended(call: RunningCall): void {
    this.running.delete(call)
    this.progressed()
  }

  private progressed(): void {
    this.startCalls()
    if (this.hasResult) this.host.resultArrived()
  }
}

interface RunningCall {
  start(): void
  abort(reason: Error): void
}

/** A record, with what has come of the call for it. */
class RecordCall {
  outcome: Outcome<unknown> | undefined

  constructor(readonly held: HeldRecord<unknown, unknown>) {}

  get keyBytes(): ByteString | null {
    return this.held.keyBytes
  }

  get hasEnded(): boolean {
    return this.outcome !== undefined
  }

  get hasFailed(): boolean {
    return this.outcome !== undefined && 'error' in this.outcome
  }
}

const recordOf = ({ key, value, context }: HeldRecord<unknown, unknown>): StreamRecord<unknown, unknown> =>
  new StreamRecord(key, value, context.timestamp, context.headers)
