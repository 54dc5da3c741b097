import { StreamsError } from '../errors'
import type { Evicted, SuppressionBuffer } from '../state/buffer/suppression-buffer'
import type { StateStore, StoreBuilder, ValueAndTimestamp } from '../state/store'
import type { Windowed } from '../record/windowed'
import { Operator } from './operator'
import type { OperatorContext, OperatorSensor } from './processor'
import type { ValueGetter, ValueGetterSupplier } from './value-getter'
import { Change } from '../record/change'
import { StreamRecord } from '../record/stream-record'

/* eslint-disable @typescript-eslint/no-explicit-any -- what an operator forwards is no matter of those whose rows it reads */

export interface Suppression {
  /** For the error of a full buffer. */
  readonly operator: string
  readonly buffer: string
  /** How far stream time must pass an update's position in the queue. */
  readonly waitMs: number
  /** Ordered by window end, each window emitted once, or not at all if it has no value; otherwise by the updates' own time. */
  readonly finalOnly: boolean
  readonly maxRecords: number
  readonly maxBytes: number
  /** `spill`: its buffer does what is to be done. */
  readonly onFull: 'emit' | 'shutDown' | 'spill'
}

/** Holds back updates of a table: only the last update of a key is forwarded, when it is due. */
export class TableSuppressOperator<K, V> extends Operator<K, Change<V>> {
  private buffer!: SuppressionBuffer<K, V>
  private emitted: OperatorSensor | undefined
  private streamTime = -1

  constructor(private readonly suppression: Suppression) {
    super()
  }

  override init(context: OperatorContext<K, Change<V>>): void {
    super.init(context)
    this.buffer = context.stateStore<SuppressionBuffer<K, V>>(this.suppression.buffer)
    this.emitted = context.sensor('suppression-emit')
    this.streamTime = context.resumedStreamTime
  }

  override get closesAfterMs(): number {
    return this.suppression.waitMs
  }

  override advanceStreamTime(to: number): void {
    this.streamTime = Math.max(to, this.streamTime)
    this.emitDue()
  }

  process({ key, value, timestamp }: StreamRecord<K, Change<V>>): void {
    const { finalOnly, onFull } = this.suppression
    const { buffer } = this
    if (timestamp > this.streamTime) this.streamTime = timestamp
    const time = finalOnly ? (key as Windowed<unknown>).window.end : timestamp
    buffer.put(time, key, value, this.context.recordContext)
    this.emitDue()
    if (onFull === 'spill' || !this.isFull()) return
    if (onFull === 'shutDown') throw this.fullError()
    buffer.evictWhile(() => this.isFull(), this.emit)
  }

  private emitDue(): void {
    const due = this.streamTime - this.suppression.waitMs
    this.buffer.evictWhile(() => this.buffer.firstTime <= due, this.emit)
  }

  private readonly emit = ({ key, newValue, oldValue, context }: Evicted<K, V>): void => {
    if (newValue === null && this.suppression.finalOnly) return
    const current = this.context.recordContext
    this.context.recordContext = context
    try {
      this.context.forward(new StreamRecord(key, new Change(newValue, oldValue), context.timestamp, context.headers))
      this.emitted?.add(1)
    } finally {
      this.context.recordContext = current
    }
  }

  private isFull(): boolean {
    const { maxRecords, maxBytes } = this.suppression
    return this.buffer.records > maxRecords || this.buffer.bytes > maxBytes
  }

  private fullError(): StreamsError {
    const { operator, maxRecords, maxBytes } = this.suppression
    const { records, bytes, name } = this.buffer
    return new StreamsError(
      'BUFFER_FULL',
      `suppress "${operator}" holds ${records} keys in ${bytes} bytes back, and may hold ${maxRecords} in ${maxBytes}: ` +
        "raise maxRecords or maxBytes, or let it keep more on disk with onFull: 'spill', or, with a time limit, emit early with onFull: 'emit'",
      { operator, store: name },
    )
  }
}

/** The rows of a suppressed table: while an update waits, the row still has its old value. */
export class SuppressedRows<K, V> implements ValueGetterSupplier<K, V> {
  readonly stores: readonly StoreBuilder<StateStore>[]

  constructor(
    private readonly parent: ValueGetterSupplier<K, V>,
    private readonly buffer: StoreBuilder<SuppressionBuffer<K, V>>,
  ) {
    this.stores = [buffer, ...parent.stores]
  }

  open(context: OperatorContext<any, any>): ValueGetter<K, V> {
    const parent = this.parent.open(context)
    const buffer = context.stateStore(this.buffer)
    const get = (key: K): ValueAndTimestamp<V> | null => {
      const prior = buffer.prior(key)
      if (prior === undefined) return parent.get(key)
      // the start of its validity is not known
      return prior.value === null ? null : { value: prior.value, timestamp: -1 }
    }
    return { versioned: false, get, getAsOf: get, close: () => parent.close?.() }
  }
}
