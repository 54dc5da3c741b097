import type { ClosingStore } from '../state/closing-store'
import type { TimestampedWindowStore, ValueAndTimestamp } from '../state/store'
import { Windowed } from '../record/windowed'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { CloseEmission, type EmitStrategy } from './close-emission'
import type { OperatorContext } from './processor'
import { NO_HEADERS } from '../record/headers'
import { Change } from '../record/change'
import { StreamRecord } from '../record/stream-record'

/** The starts, both inclusive, of the windows that have closed since the last emission. */
export interface ClosedStarts {
  readonly from: number
  readonly to: number
}

/** Forwards the results of an aggregation over time windows: with every update, or once when a window has closed. */
export class WindowResults<K, A> {
  private readonly forwarder: ChangeForwarder<Windowed<K>, A> | null
  private readonly emission: CloseEmission | null

  constructor(
    private readonly store: TimestampedWindowStore<K, A>,
    private readonly context: OperatorContext<Windowed<K>, Change<A>>,
    /** From a window's start to its end. */
    private readonly sizeMs: number,
    strategy: EmitStrategy,
    { sendOldValues }: OldValues,
  ) {
    const onClose = strategy === 'onWindowClose'
    this.forwarder = onClose ? null : new ChangeForwarder<Windowed<K>, A>(store, context, sendOldValues)
    this.emission = onClose ? new CloseEmission(context as OperatorContext<never, never>, store.name) : null
  }

  /** `record` caused the update: it provides the headers. */
  updated(
    record: StreamRecord<K, unknown>,
    start: number,
    newValue: A | null,
    oldValue: A | null,
    timestamp: number,
  ): void {
    const { forwarder } = this
    if (forwarder === null || !forwarder.forwardsUpdates) return
    const windowed = new Windowed(record.key, { start, end: start + this.sizeMs })
    forwarder.forwardFor(windowed, record.headers, newValue, oldValue, timestamp)
  }

  /** Emits windows that have closed; `closedStarts` gives their starts, `undefined` for none. `cause`: as `updated`; `null` for none. */
  closed(
    cause: StreamRecord<K, unknown> | null,
    windowClose: number,
    closedStarts: (lastEmittedWindowClose: number | undefined) => ClosedStarts | undefined,
  ): void {
    if (this.emission === null || !this.emission.due(windowClose, cause === null)) return
    const starts = closedStarts(this.emission.lastEmittedWindowClose)
    if (starts === undefined) return
    const store = this.store as unknown as ClosingStore<K, ValueAndTimestamp<A>>
    const headers = cause?.headers ?? NO_HEADERS
    this.emission.emit(
      windowClose,
      () => store.closed(starts.from, starts.to),
      ([windowed, { value, timestamp }]) =>
        this.context.forward(new StreamRecord(windowed, new Change<A>(value, null), timestamp, headers)),
    )
  }
}
