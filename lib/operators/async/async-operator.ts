import { StreamsError } from '../../errors'
import { StreamRecord } from '../../record/stream-record'
import type { ByteString } from '../../state/byte-string'
import type { HeldRecord, PendingStore } from '../../state/pending/pending-store'
import type { AsyncValueMapper } from '../callbacks'
import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import type { AsyncHost, AsyncWork, CallFailure } from './async-host'
import { recordsOf, type ResultKind } from './async-results'
import type { AsyncSettings } from './async-settings'
import { Call, type Outcome } from './call'
import { type CallOrder, callOrder } from './call-order'

export interface AsyncOperation {
  readonly callback: AsyncValueMapper<never, never, unknown>
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
  private readonly running = new Set<RecordCall>()
  private isStarting = false
  private store!: PendingStore<unknown, unknown>
  private host!: AsyncHost
  private callback!: AsyncValueMapper<unknown, unknown, unknown>

  constructor(private readonly operation: AsyncOperation) {
    super()
    const { onError, order } = operation.settings
    this.needsSource = typeof onError === 'object'
    this.order = callOrder(order)
  }

  override init(context: OperatorContext<unknown, unknown>): void {
    super.init(context)
    this.callback = context.watch(this.operation.callback as AsyncValueMapper<unknown, unknown, unknown>, true)
    this.store = context.stateStore<PendingStore<unknown, unknown>>(this.operation.store)
    this.host = context.asyncHost(this)
  }

  process({ key, value }: StreamRecord<unknown, unknown>): void {
    const { store, host, context } = this
    this.order.add(this.callFor(store.add(key, value, context.recordContext, host.source())))
    this.startCalls()
    if (this.isFull) host.filled()
  }

  close(): void {
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
    for (const held of this.store.restored()) this.order.add(this.callFor(held))
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
    while (this.running.size < this.operation.settings.concurrency) {
      const call = this.order.start()
      if (call === undefined) break
      this.running.add(call)
      call.start()
    }
    this.isStarting = false
  }

  private callFor(held: HeldRecord<unknown, unknown>): RecordCall {
    const { host, operation, callback } = this
    const { key, value, context, source } = held
    const recordCall: RecordCall = new RecordCall(
      held,
      new Call<unknown>({
        settings: operation.settings,
        host,
        where: context,
        attempt: (signal, attempt) =>
          host.onBehalf(context, source, () => callback(value, key, { ...context, signal, attempt })),
        ended: (outcome) => {
          recordCall.outcome = outcome
          this.running.delete(recordCall)
          this.order.ended(recordCall)
          this.startCalls()
          if (this.hasResult) host.resultArrived()
        },
      }),
    )
    return recordCall
  }
}

/** The call for a record. */
class RecordCall {
  outcome: Outcome<unknown> | undefined

  constructor(
    readonly held: HeldRecord<unknown, unknown>,
    private readonly call: Call<unknown>,
  ) {}

  get keyBytes(): ByteString | null {
    return this.held.keyBytes
  }

  get hasEnded(): boolean {
    return this.outcome !== undefined
  }

  get hasFailed(): boolean {
    return this.outcome !== undefined && 'error' in this.outcome
  }

  start(): void {
    this.call.start()
  }

  abort(reason: Error): void {
    this.call.abort(reason)
  }
}

const recordOf = ({ key, value, context }: HeldRecord<unknown, unknown>): StreamRecord<unknown, unknown> =>
  new StreamRecord(key, value, context.timestamp, context.headers)
