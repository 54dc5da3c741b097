import type { OuterJoinKey, OuterJoinStore } from '../state/join/outer-join-store'
import type { WindowStore } from '../state/store'
import type { ValueJoiner } from './callbacks'
import type { JoinClock, JoinClocks } from './join-clock'
import { dropNull, NULL_REASONS } from './null-records'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { DropReason } from '../record/drop-reason'
import { NO_HEADERS, type RecordHeaders } from '../record/headers'
import { StreamRecord } from '../record/stream-record'

/** A join window, in milliseconds: the right record may be from `beforeMs` before to `afterMs` after the left one. */
export interface JoinWindow {
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
}

export interface StreamStreamJoinOptions<K, L, R, VR> {
  /** The side whose records this processes. */
  readonly isLeft: boolean
  /** Records of this side have a result even without a match. */
  readonly preserved: boolean
  readonly window: JoinWindow
  /** The window store of the other side. */
  readonly otherStore: string
  /** The store of records without a match so far; `null` for an inner join. */
  readonly outerJoinStore: string | null
  readonly joiner: ValueJoiner<K, L | null, R | null, VR>
  readonly clocks: JoinClocks
}

/**
 * One side of a stream–stream join. A record is joined with those of the other side within the window, by time. One
 * without a match waits until its window has closed, and is then emitted unmatched.
 *
 * The timing of these results is Kafka Streams': they are looked for when a record advances the time of the join, at
 * most once per `emitIntervalMs`, and not before the oldest record still waiting at the last check can be due.
 */
export class StreamStreamJoinOperator<K, L, R, VR> extends Operator<K, L | R, K, VR> {
  private joiner: ValueJoiner<K, L | null, R | null, VR>
  private other!: WindowStore<K, L | R>
  private outerJoin: OuterJoinStore<K, L, R> | null = null
  private clock: JoinClock | null = null
  /** The other side's records are within this much before and after one of this side. */
  private readonly beforeMs: number
  private readonly afterMs: number

  constructor(private readonly options: StreamStreamJoinOptions<K, L, R, VR>) {
    super()
    const { isLeft, window, joiner } = options
    this.joiner = joiner
    this.beforeMs = isLeft ? window.beforeMs : window.afterMs
    this.afterMs = isLeft ? window.afterMs : window.beforeMs
  }

  override get dropReasons(): readonly DropReason[] {
    return this.options.preserved ? ['null-value'] : NULL_REASONS
  }

  override init(context: OperatorContext<K, VR>): void {
    super.init(context)
    this.joiner = context.watch(this.joiner)
    this.other = context.stateStore(this.options.otherStore)
    if (this.options.outerJoinStore === null) return
    this.outerJoin = context.stateStore<OuterJoinStore<K, L, R>>(this.options.outerJoinStore)
    this.clock = this.options.clocks.of(this.outerJoin)
    this.clock.advance(context.resumedStreamTime)
  }

  override get closesAfterMs(): number {
    return this.outerJoin === null ? 0 : this.waitMs
  }

  /** The second side emits what both hold back. */
  override advanceStreamTime(to: number): void {
    if (this.clock?.announce(to)) this.emitClosed(NO_HEADERS)
  }

  process(record: StreamRecord<K, L | R>): void {
    const { key, value, timestamp } = record
    const { isLeft, preserved } = this.options
    this.clock?.advance(timestamp)
    if (value == null || (key == null && !preserved)) {
      dropNull(this.context, key, preserved)
      return
    }
    if (key == null) {
      this.forward(record, key, value, null, timestamp)
      return
    }
    if (timestamp === this.clock?.streamTime) this.emitDue(record.headers)

    const until = Math.max(0, timestamp + this.afterMs)
    const matches = this.other.fetch(key, Math.max(0, timestamp - this.beforeMs), until)
    for (const [otherTimestamp, other] of matches) {
      this.outerJoin?.remove(key, otherTimestamp, !isLeft)
      this.forward(record, key, value, other, Math.max(timestamp, otherTimestamp))
    }
    if (matches.length > 0 || !preserved) return
    if (until < this.clock!.streamTime) {
      this.forward(record, key, value, null, timestamp)
    } else {
      this.clock!.waits(timestamp)
      this.outerJoin!.add(key, timestamp, isLeft, value)
    }
  }

  private emitDue(headers: RecordHeaders): void {
    const clock = this.clock!
    if (!this.mayBeDue(clock)) return
    const { context } = this
    if (clock.emission.due(context.currentSystemTime(), context.emitIntervalMs)) this.emitClosed(headers)
  }

  /** Results of records whose window has closed without a match. They have the headers of the record that triggered them. */
  private emitClosed(headers: RecordHeaders): void {
    const clock = this.clock!
    const outerJoin = this.outerJoin!
    clock.oldestWaiting = undefined

    const open = { left: false, right: false }
    let emitted: OuterJoinKey<K> | undefined
    for (const records of outerJoin.waiting()) {
      const { timestamp, isLeft } = records
      clock.oldestWaiting = timestamp
      if (open.left && open.right) break
      if (this.isOpen(timestamp, isLeft)) {
        open[isLeft ? 'left' : 'right'] = true
        continue
      }
      const key = records.key()
      const closed = { key, timestamp, isLeft }
      for (const value of records.values()) {
        const joined = isLeft ? this.joiner(value as L, null, key) : this.joiner(null, value as R, key)
        this.context.forward(new StreamRecord(key, joined, timestamp, headers))
        // before the next value, which may fail: then only those of its own key are emitted again
        if (emitted && emitted !== closed) outerJoin.remove(emitted.key, emitted.timestamp, emitted.isLeft)
        emitted = closed
      }
    }
    if (emitted) outerJoin.remove(emitted.key, emitted.timestamp, emitted.isLeft)
  }

  /** How long a record of this side waits for a match. */
  private get waitMs(): number {
    return this.afterMs + this.options.window.graceMs
  }

  private mayBeDue({ oldestWaiting, streamTime }: JoinClock): boolean {
    const { waitMs } = this
    // while it is not known the sum overflows in Kafka Streams, unless there is nothing to add
    return oldestWaiting === undefined ? waitMs > 0 : oldestWaiting + waitMs < streamTime
  }

  private isOpen(timestamp: number, isLeft: boolean): boolean {
    const { beforeMs, afterMs, graceMs } = this.options.window
    return timestamp + (isLeft ? afterMs : beforeMs) + graceMs >= this.clock!.streamTime
  }

  private forward(record: StreamRecord<K, L | R>, key: K, value: L | R, other: L | R | null, timestamp: number): void {
    const joined = this.options.isLeft
      ? this.joiner(value as L, other as R | null, key)
      : this.joiner(other as L | null, value as R, key)
    this.context.forward(new StreamRecord(key, joined, timestamp, record.headers))
  }
}
