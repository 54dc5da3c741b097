import type { CachedStore } from '../state/cached-store'
import type { ClosingStore } from '../state/closing-store'
import type { SessionStore } from '../state/store'
import type { DropReason } from '../record/drop-reason'
import { Windowed } from '../record/windowed'
import type { Aggregator, Initializer, Merger } from './callbacks'
import { CloseEmission } from './close-emission'
import { increment, sum, zero } from './counting'
import { sendLate } from './late-output'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { WindowAggregateOptions } from './stream-window-aggregate'
import { NO_HEADERS } from '../record/headers'
import { Change } from '../record/change'
import { StreamRecord } from '../record/stream-record'

export interface SessionWindowsOf {
  readonly inactivityGapMs: number
  readonly graceMs: number
}

/**
 * `aggregate`, `reduce` and `count` over sessions. A record within the gap of sessions merges them: each is deleted, and
 * the delete forwarded, before the one that replaces them. A result's timestamp is the end of its session.
 */
export class StreamSessionWindowAggregateOperator<K, V, A> extends Operator<K, V, Windowed<K>, Change<A>> {
  private store!: SessionStore<K, A>
  private emission: CloseEmission | null = null
  private cached = false
  private observedStreamTime = -1

  constructor(
    private readonly windows: SessionWindowsOf,
    private initializer: Initializer<A | null>,
    private aggregator: Aggregator<K, V, A>,
    private merger: Merger<K, A>,
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
    if ((this.merger as unknown) !== sum) this.merger = context.watch(this.merger)
    this.store = context.stateStore(this.options.store)
    if (this.options.emit === 'onWindowClose') {
      this.emission = new CloseEmission(context as OperatorContext<never, never>, this.options.store)
    } else {
      this.cached = this.listenToCache(context)
    }
    this.observedStreamTime = context.resumedStreamTime
  }

  override get closesAfterMs(): number {
    return this.windows.inactivityGapMs + this.windows.graceMs
  }

  override advanceStreamTime(to: number): void {
    this.observedStreamTime = Math.max(to, this.observedStreamTime)
    this.emitClosed(null)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value, timestamp } = record
    if (key == null) {
      this.context.dropRecord('null-key', 'null key')
      return
    }
    if (timestamp > this.observedStreamTime) this.observedStreamTime = timestamp
    const { inactivityGapMs } = this.windows
    const { windowClose } = this
    let start = timestamp
    let end = timestamp
    let aggregate = this.initializer() ?? null
    const merged = this.store.findSessions(key, timestamp - inactivityGapMs, timestamp + inactivityGapMs)
    for (const [{ window }, sessionValue] of merged) {
      aggregate = this.merger(aggregate as A, sessionValue, key) ?? null
      start = Math.min(start, window.start)
      end = Math.max(end, window.end)
    }
    if (end < windowClose) {
      sendLate(this.context, this.options.late, record, `its session [${start}, ${end}] has closed`)
    } else {
      if (start !== timestamp || end !== timestamp) {
        for (const [session, sessionValue] of merged) {
          this.store.remove(session)
          this.updated(session, null, sessionValue)
        }
      }
      aggregate = this.aggregator(aggregate as A, value, key) ?? null
      const session = new Windowed(key, { start, end })
      this.store.put(session, aggregate)
      this.updated(session, aggregate, null)
    }
    this.emitClosed(record)
  }

  /** Sessions that end before are closed. */
  private get windowClose(): number {
    return this.observedStreamTime - this.windows.graceMs - this.windows.inactivityGapMs
  }

  private updated(session: Windowed<K>, newValue: A | null, oldValue: A | null): void {
    if (this.cached || this.emission !== null) return
    const change = new Change(newValue, this.options.sendOldValues ? oldValue : null)
    this.context.forward(new StreamRecord(session, change, session.window.end))
  }

  private emitClosed(cause: StreamRecord<K, V> | null): void {
    const { windowClose } = this
    if (this.emission === null || !this.emission.due(windowClose, cause === null)) return
    const to = windowClose - 1
    const from = Math.max(0, this.emission.lastEmittedWindowClose ?? -1)
    if (to < 0 || to < from) return
    const store = this.store as unknown as ClosingStore<K, A>
    const headers = cause?.headers ?? NO_HEADERS
    this.emission.emit(
      windowClose,
      () => store.closed(from, to),
      ([session, value]) =>
        this.context.forward(new StreamRecord(session, new Change<A>(value, null), session.window.end, headers)),
    )
  }

  private listenToCache(context: OperatorContext<Windowed<K>, Change<A>>): boolean {
    const { sendOldValues } = this.options
    const store = this.store as unknown as Partial<CachedStore<Windowed<K>, A>>
    const listener = (session: Windowed<K>, newValue: A | null, oldValue: A | null): void => {
      const change = new Change(newValue, sendOldValues ? oldValue : null)
      context.forward(new StreamRecord(session, change, session.window.end, context.recordContext.headers))
    }
    return store.setFlushListener?.(listener, sendOldValues) ?? false
  }
}
