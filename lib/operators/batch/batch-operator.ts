import { StreamsError } from '../../errors'
import type { DropReason } from '../../record/drop-reason'
import { StreamRecord } from '../../record/stream-record'
import type { HeldRecord, PendingStore } from '../../state/pending/pending-store'
import type { AsyncHost, AsyncWork } from '../async/async-host'
import type { AsyncSettings } from '../async/async-settings'
import { Call, type Outcome } from '../async/call'
import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import { Batch, type BatchAction, batchEnd } from './batch'
import { type BatchBounds, decodeBatchBounds, encodeBatchBounds } from './batch-bounds'

export interface BatchSettings extends Pick<
  AsyncSettings,
  'timeoutMs' | 'retry' | 'onError' | 'maxRecords' | 'maxBytes'
> {
  readonly size: number
  readonly intervalMs: number
}

export interface BatchOperation {
  readonly action: BatchAction<never, never>
  /** Called with each record; throws for one that the action must not get. */
  readonly check: (value: never, key: never, meta: never) => void
  readonly settings: BatchSettings
  /** Name of the store of what is held. */
  readonly store: string
}

/**
 * Calls its action with batches, one after another. A commit divides what is held into batches, and has the divisions in it; the action is
 * called when that commit is complete. So a batch that is repeated, after a crash and by whichever instance, has the same records.
 */
export class BatchOperator extends Operator<unknown, unknown> implements AsyncWork {
  readonly needsSource: boolean
  /** In no batch yet. */
  #open: HeldRecord<unknown, unknown>[] = []
  /** The first one is the next to be called, or is being called. */
  readonly #batches: Batch[] = []
  /** How many of them are committed. */
  #callable = 0
  #call: { readonly call: Call<void>; outcome?: Outcome<void> } | undefined
  /** The sequence up to which batches are done; −1 before the first. */
  #done = -1
  /** Records have waited long enough: the next commit puts all in a batch. */
  #due = false
  private store!: PendingStore<unknown, unknown>
  private host!: AsyncHost
  private action!: BatchAction<unknown, unknown>

  constructor(private readonly operation: BatchOperation) {
    super()
    this.needsSource = typeof operation.settings.onError === 'object'
  }

  override get dropReasons(): readonly DropReason[] {
    return this.operation.settings.onError === 'fail' ? [] : ['error']
  }

  override init(context: OperatorContext<unknown, unknown>): void {
    super.init(context)
    const { action, store, settings } = this.operation
    this.action = context.watch(action as BatchAction<unknown, unknown>, true)
    this.store = context.stateStore<PendingStore<unknown, unknown>>(store)
    this.host = context.asyncHost(this)
    context.schedule(settings.intervalMs, 'wall-clock-time', () => void this.finish())
  }

  process({ key, value }: StreamRecord<unknown, unknown>): void {
    const { operation, store, host, context } = this
    operation.check(value as never, key as never, context.recordContext as never)
    this.#open.push(store.add(key, value, context.recordContext, host.source()))
    if (this.#open.length >= operation.settings.size) context.commit()
    if (this.isFull) {
      context.commit()
      host.filled()
    }
  }

  close(): void {
    if (this.#call === undefined) return
    const { operator, taskId } = this.host
    this.#call.call.abort(
      new StreamsError(
        'ILLEGAL_STATE',
        `task ${taskId} is closed: the batch of operator "${operator}" that has not ended is repeated where the task runs next`,
        { operator, taskId },
      ),
    )
    this.#call = undefined
  }

  get isFull(): boolean {
    const { maxRecords, maxBytes } = this.operation.settings
    return this.store.records >= maxRecords || this.store.bytes >= maxBytes
  }

  get isIdle(): boolean {
    return this.store.records === 0
  }

  get hasResult(): boolean {
    return this.#call?.outcome !== undefined
  }

  get isCalling(): boolean {
    return this.#call !== undefined && this.#call.outcome === undefined
  }

  finish(): boolean {
    if (this.#open.length === 0) return false
    this.#due = true
    this.context.commit()
    return true
  }

  begin(): void {
    const { done, ends } = decodeBatchBounds(this.store.mark)
    this.#done = done
    this.store.skipTo(done + 1)
    const held = this.store.restored()
    for (const { sequence } of held) if (sequence <= done) this.store.remove(sequence)
    let from = held.findIndex(({ sequence }) => sequence > done)
    if (from < 0) from = held.length
    for (const end of ends) {
      const to = held.findIndex(({ sequence }) => sequence > end)
      const records = held.slice(from, to < 0 ? held.length : to)
      from += records.length
      if (records.length > 0) this.#batches.push(new Batch(this.host.taskId, records))
    }
    this.#open = held.slice(from)
    this.#callable = this.#batches.length
    if (this.isFull) this.host.filled()
    this.#callNext()
  }

  beforeCommit(): boolean {
    const { size } = this.operation.settings
    const due = this.#due || this.isFull
    while (this.#open.length >= size) this.#divide(batchEnd(this.#open, size))
    if (due && this.#open.length > 0) this.#divide(this.#open.length)
    this.#due = false
    const bounds: BatchBounds = { done: this.#done, ends: this.#batches.map(({ last }) => last) }
    if (bounds.done >= 0 || bounds.ends.length > 0) this.store.setMark(encodeBatchBounds(bounds))
    return this.store.log(this.host.atomicCommits)
  }

  committed(): void {
    this.#callable = this.#batches.length
    this.#callNext()
  }

  commitDropped(): void {
    this.store.logAgain()
  }

  forwardResult(): void {
    const { outcome } = this.#call!
    const batch = this.#batches.shift()!
    this.#callable--
    this.#call = undefined
    this.#done = batch.last
    for (const { sequence } of batch.held) this.store.remove(sequence)
    if ('error' in outcome!) {
      for (const { key, value, context, source } of batch.held) {
        const record = new StreamRecord(key, value, context.timestamp, context.headers)
        this.host.onBehalf(context, source, () => this.host.failed(outcome, record, this.operation.settings.onError))
      }
    }
    this.#callNext()
  }

  #divide(end: number): void {
    this.#batches.push(new Batch(this.host.taskId, this.#open.slice(0, end)))
    this.#open = this.#open.slice(end)
  }

  #callNext(): void {
    const batch = this.#batches[0]
    if (batch === undefined || this.#callable === 0 || this.#call !== undefined) return
    const { host, operation, action } = this
    const { taskId } = host
    const { context, source } = batch.held[0]!
    const running: { readonly call: Call<void>; outcome?: Outcome<void> } = {
      call: new Call<void>({
        settings: operation.settings,
        host,
        where: context,
        attempt: (signal, attempt) =>
          host.onBehalf(context, source, () =>
            action(batch.records, { id: batch.id, taskId, offsets: batch.offsets, signal, attempt }),
          ),
        ended: (outcome) => {
          running.outcome = outcome
          host.resultArrived()
        },
      }),
    }
    this.#call = running
    running.call.start()
  }
}
