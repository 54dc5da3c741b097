import type { TimestampedWindowStore } from '../state/store'
import type { DropReason } from '../record/drop-reason'
import type { Windowed } from '../record/windowed'
import type { Aggregator, Initializer } from './callbacks'
import type { OldValues } from './change-forwarder'
import type { EmitStrategy } from './close-emission'
import { increment, zero } from './counting'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { type ClosedStarts, WindowResults } from './window-results'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** Windows of a fixed size that do not depend on what is in them. */
export interface FixedWindows {
  readonly sizeMs: number
  readonly graceMs: number
  /** The starts of all windows that a timestamp falls into, ascending. */
  startsOf(timestamp: number): readonly number[]
}

export interface WindowAggregateOptions extends OldValues {
  readonly store: string
  readonly emit: EmitStrategy
  /** The child for records that a closed window has missed. Default: they are dropped. */
  readonly late?: string
}

/**
 * `aggregate`, `reduce` and `count` over tumbling, hopping or unlimited windows. A window accepts records until the newest
 * timestamp seen passes its end plus the grace period. A `null` value is aggregated like any other.
 */
export class StreamWindowAggregateOperator<K, V, A> extends Operator<K, V, Windowed<K>, Change<A>> {
  private store!: TimestampedWindowStore<K, A>
  private results!: WindowResults<K, A>
  private observedStreamTime = -1

  constructor(
    private readonly windows: FixedWindows,
    private initializer: Initializer<A | null>,
    private aggregator: Aggregator<K, V, A>,
    private readonly options: WindowAggregateOptions,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return this.options.late === undefined ? ['null-key', 'late'] : ['null-key']
  }

  override init(context: OperatorContext<Windowed<K>, Change<A>>): void {
    super.init(context)
    if ((this.initializer as unknown) !== zero) this.initializer = context.watch(this.initializer)
    if ((this.aggregator as unknown) !== increment) this.aggregator = context.watch(this.aggregator)
    this.store = context.stateStore(this.options.store)
    this.results = new WindowResults(this.store, context, this.windows.sizeMs, this.options.emit, this.options)
    this.observedStreamTime = context.resumedStreamTime
  }

  override get closesAfterMs(): number {
    return this.windows.sizeMs + this.windows.graceMs
  }

  override advanceStreamTime(to: number): void {
    this.observedStreamTime = Math.max(to, this.observedStreamTime)
    this.emitClosed(null, this.observedStreamTime - this.windows.graceMs)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value } = record
    if (key == null) {
      this.context.dropRecord('null-key', 'null key')
      return
    }
    if (record.timestamp > this.observedStreamTime) this.observedStreamTime = record.timestamp
    const { sizeMs, graceMs } = this.windows
    const windowClose = this.observedStreamTime - graceMs
    let isLate = false
    for (const start of this.windows.startsOf(record.timestamp)) {
      const end = start + sizeMs
      if (end <= windowClose) {
        if (this.options.late === undefined) this.context.dropRecord('late', `its window [${start}, ${end}) has closed`)
        isLate = true
        continue
      }
      const stored = this.store.fetch(key, start)
      const old = stored === null ? (this.initializer() ?? null) : stored.value
      const timestamp = stored === null ? record.timestamp : Math.max(record.timestamp, stored.timestamp)
      const aggregate = this.aggregator(old as A, value, key) ?? null
      this.store.put(key, aggregate === null ? null : { value: aggregate, timestamp }, start)
      this.results.updated(record, start, aggregate, old, timestamp)
    }
    if (isLate && this.options.late !== undefined) this.context.forward(record as never, this.options.late)
    this.emitClosed(record, windowClose)
  }

  private emitClosed(cause: StreamRecord<K, V> | null, windowClose: number): void {
    this.results.closed(cause, windowClose, (lastEmittedWindowClose) =>
      this.closedStarts(windowClose, lastEmittedWindowClose),
    )
  }

  private closedStarts(windowClose: number, lastEmittedWindowClose: number | undefined): ClosedStarts | undefined {
    const to = windowClose - this.windows.sizeMs
    if (to < 0) return undefined
    if (lastEmittedWindowClose === undefined) return { from: 0, to }
    const from = Math.max(0, lastEmittedWindowClose - this.windows.sizeMs) + 1
    return this.sameWindows(to, from - 1) ? undefined : { from, to }
  }

  private sameWindows(a: number, b: number): boolean {
    const starts = this.windows.startsOf(b)
    const others = this.windows.startsOf(a)
    return starts.length === others.length && starts[0] === others[0]
  }
}
