import type { TimestampedWindowStore, ValueAndTimestamp } from '../state/store'
import type { DropReason } from '../record/drop-reason'
import type { Windowed } from '../record/windowed'
import type { Aggregator, Initializer } from './callbacks'
import { increment, zero } from './counting'
import { sendLate } from './late-output'
import { dropNull, NULL_REASONS } from './null-records'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { WindowAggregateOptions } from './stream-window-aggregate'
import { type ClosedStarts, WindowResults } from './window-results'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

export interface SlidingWindowsOf {
  readonly timeDifferenceMs: number
  readonly graceMs: number
}

/** What the existing windows say about the record. */
interface Neighbours<A> {
  readonly starts: ReadonlySet<number>
  /** The window that ends with the record exists. */
  leftExists: boolean
  /** The window that starts right after the record exists. */
  rightExists: boolean
  /** The newest window that ended before the record. */
  left: ValueAndTimestamp<A> | null
  /** The newest window that the record falls into, in its former state. */
  right: ValueAndTimestamp<A> | null
  /** The previous record's timestamp. */
  previous: number | undefined
}

/**
 * `aggregate`, `reduce` and `count` over sliding windows. Each record of a key creates the window that ends with it and,
 * once there are records in it, the one that starts right after it. A window's timestamp in the store is that of
 * its newest record, which shows what lies between the windows.
 */
export class StreamSlidingWindowAggregateOperator<K, V, A> extends Operator<K, V, Windowed<K>, Change<A>> {
  private store!: TimestampedWindowStore<K, A>
  private results!: WindowResults<K, A>
  private observedStreamTime = -1
  /** The current record belongs to a window that has closed. */
  private missedWindow = false
  private readonly differenceMs: number
  private readonly graceMs: number

  constructor(
    windows: SlidingWindowsOf,
    private initializer: Initializer<A | null>,
    private aggregator: Aggregator<K, V, A>,
    private readonly options: WindowAggregateOptions,
  ) {
    super()
    this.differenceMs = windows.timeDifferenceMs
    this.graceMs = windows.graceMs
  }

  override get dropReasons(): readonly DropReason[] {
    return this.options.late === undefined ? [...NULL_REASONS, 'late'] : NULL_REASONS
  }

  override init(context: OperatorContext<Windowed<K>, Change<A>>): void {
    super.init(context)
    if ((this.initializer as unknown) !== zero) this.initializer = context.watch(this.initializer)
    if ((this.aggregator as unknown) !== increment) this.aggregator = context.watch(this.aggregator)
    this.store = context.stateStore(this.options.store)
    this.results = new WindowResults(this.store, context, this.differenceMs, this.options.emit, this.options)
    this.observedStreamTime = context.resumedStreamTime
  }

  /** The window after a record starts 1 ms behind it. */
  override get closesAfterMs(): number {
    return 1 + this.differenceMs + this.graceMs
  }

  override advanceStreamTime(to: number): void {
    this.observedStreamTime = Math.max(to, this.observedStreamTime)
    this.emitClosed(null, this.observedStreamTime - this.graceMs)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value, timestamp } = record
    if (key == null || value == null) {
      dropNull(this.context, key)
      return
    }
    if (timestamp > this.observedStreamTime) this.observedStreamTime = timestamp
    const windowClose = this.observedStreamTime - this.graceMs
    if (timestamp + this.differenceMs < windowClose) {
      const details = `its windows have closed: the last one ends at ${timestamp + this.differenceMs}`
      sendLate(this.context, this.options.late, record, details)
      return
    }
    this.missedWindow = false
    if (timestamp < this.differenceMs) {
      this.processEarly(record, windowClose)
      this.forwardIfLate(record)
      return
    }
    this.processInWindows(record, windowClose)
    this.forwardIfLate(record)
    this.emitClosed(record, windowClose)
  }

  private emitClosed(cause: StreamRecord<K, V> | null, windowClose: number): void {
    this.results.closed(cause, windowClose, (lastEmittedWindowClose) =>
      this.closedStarts(windowClose, lastEmittedWindowClose),
    )
  }

  private forwardIfLate(record: StreamRecord<K, V>): void {
    if (this.missedWindow && this.options.late !== undefined) this.context.forward(record as never, this.options.late)
  }

  private processInWindows(record: StreamRecord<K, V>, windowClose: number): void {
    const { key, timestamp } = record
    const from = Math.max(0, timestamp - 2 * this.differenceMs)
    const windows = this.store.fetch(key, from, timestamp + 1, { reverse: true })
    const starts = new Set<number>()
    const near: Neighbours<A> = {
      starts,
      leftExists: false,
      rightExists: false,
      left: null,
      right: null,
      previous: undefined,
    }
    for (const [start, stored] of windows) {
      starts.add(start)
      const end = start + this.differenceMs
      if (start === timestamp + 1) {
        near.rightExists = true
      } else if (end > timestamp) {
        near.right ??= stored
        this.update(record, start, stored, windowClose)
      } else if (end === timestamp) {
        near.leftExists = true
        this.update(record, start, stored, windowClose)
        // another record with the same timestamp has already created all its windows
        if (stored.timestamp >= timestamp) return
        near.previous = stored.timestamp
      } else {
        near.left = stored
        near.previous = stored.timestamp
        break
      }
    }
    this.createWindows(record, near, windowClose)
  }

  private createWindows(record: StreamRecord<K, V>, near: Neighbours<A>, windowClose: number): void {
    const { timestamp } = record
    const { previous } = near
    if (previous !== undefined && !near.starts.has(previous + 1) && previous + 1 + this.differenceMs >= timestamp) {
      this.update(record, previous + 1, this.initial(timestamp), windowClose)
    }
    if (!near.leftExists) {
      const followsPrevious = previous !== undefined && timestamp - this.differenceMs <= previous
      const base = followsPrevious ? { value: near.left!.value, timestamp } : this.initial(timestamp)
      this.update(record, timestamp - this.differenceMs, base, windowClose)
    }
    this.createRightWindow(record, near)
  }

  /** Windows do not start before 1970: records of the first `timeDifference` share the window that starts there. */
  private processEarly(record: StreamRecord<K, V>, windowClose: number): void {
    const { key, timestamp } = record
    const starts = new Set<number>()
    let combined: ValueAndTimestamp<A> | null = null
    const near: Neighbours<A> = {
      starts,
      leftExists: false,
      rightExists: false,
      left: null,
      right: null,
      previous: undefined,
    }
    for (const [start, stored] of this.store.fetch(key, 0, timestamp + 1)) {
      starts.add(start)
      if (start === 0) {
        combined = stored
        if (stored.timestamp < timestamp) near.previous = stored.timestamp
      } else if (start <= timestamp) {
        near.right = stored
        this.update(record, start, stored, windowClose)
      } else {
        near.rightExists = true
      }
    }
    if (near.right === null && combined !== null && combined.timestamp > timestamp) near.right = combined
    this.createRightWindow(record, near)
    if (near.previous !== undefined && !starts.has(near.previous + 1)) {
      this.update(record, near.previous + 1, this.initial(timestamp), windowClose)
    }
    this.update(record, 0, combined ?? this.initial(timestamp), windowClose)
  }

  /** The window right after the record contains the records after it in the record's own window. */
  private createRightWindow(record: StreamRecord<K, V>, { rightExists, right }: Neighbours<A>): void {
    if (rightExists || right === null || right.timestamp <= record.timestamp) return
    const start = record.timestamp + 1
    this.store.put(record.key, right, start)
    this.results.updated(record, start, right.value, null, right.timestamp)
  }

  private update(
    record: StreamRecord<K, V>,
    start: number,
    stored: ValueAndTimestamp<A> | null,
    windowClose: number,
  ): void {
    const { key, value } = record
    const end = start + this.differenceMs
    if (end < windowClose) {
      if (this.options.late === undefined) this.context.dropRecord('late', `its window [${start}, ${end}] has closed`)
      this.missedWindow = true
      return
    }
    const old = stored === null ? null : stored.value
    const timestamp = stored === null ? record.timestamp : Math.max(record.timestamp, stored.timestamp)
    const aggregate = this.aggregator(old as A, value, key) ?? null
    this.store.put(key, aggregate === null ? null : { value: aggregate, timestamp }, start)
    this.results.updated(record, start, aggregate, old, timestamp)
  }

  private initial(timestamp: number): ValueAndTimestamp<A> | null {
    const value = this.initializer() ?? null
    return value === null ? null : { value, timestamp }
  }

  private closedStarts(windowClose: number, lastEmittedWindowClose: number | undefined): ClosedStarts | undefined {
    const to = windowClose - this.differenceMs - 1
    if (to < 0) return undefined
    return {
      from: lastEmittedWindowClose === undefined ? 0 : Math.max(0, lastEmittedWindowClose - this.differenceMs),
      to,
    }
  }
}
