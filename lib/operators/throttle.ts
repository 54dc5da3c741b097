import type { DropReason } from '../record/drop-reason'
import type { StreamRecord } from '../record/stream-record'
import type { WindowStore } from '../state/store'
import { sendLate } from './late-output'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { ORIGIN_BYTES, RecordOrigins } from './record-origins'

export interface ThrottleOptions {
  readonly store: string
  readonly limit: number
  readonly perMs: number
  /** The child for late records. Default: they are dropped. */
  readonly late?: string
}

/** `i32 number of records ‖ origin of the last one from each topic` */
const COUNT_BYTES = 4

/**
 * Forwards the first `limit` records of a key in each window of `perMs`. The store counts them, for the window of
 * stream time and the one before it.
 */
export class ThrottleOperator<K, V> extends Operator<K, V> {
  private readonly origins = new RecordOrigins()
  private store!: WindowStore<K, Buffer>
  private observedStreamTime = -1

  constructor(private readonly options: ThrottleOptions) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return this.options.late === undefined ? ['null-key', 'late'] : ['null-key']
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    this.store = context.stateStore(this.options.store)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, timestamp } = record
    const { limit, perMs } = this.options
    this.origins.advance(this.context.recordContext)
    if (key == null) {
      this.context.dropRecord('null-key', 'null key')
      return
    }
    if (timestamp > this.observedStreamTime) this.observedStreamTime = timestamp
    const start = timestamp - (timestamp % perMs)
    if (start < this.observedStreamTime - (this.observedStreamTime % perMs) - perMs) {
      this.late(record, start)
      return
    }
    const passed = this.store.fetch(key, start)
    const count = passed === null ? 0 : passed.readInt32BE(0)
    const lastAt = passed === null ? -1 : this.lastOfTopic(passed)
    // all that passed came before all that did not: what is not newer than the last one has passed, and is read again
    if (lastAt >= 0 && this.origins.isKnown && this.origins.compare(passed!, lastAt) <= 0) {
      this.context.forward(record)
      return
    }
    if (count >= limit) return
    this.store.put(key, this.passing(passed, count + 1, lastAt), start)
    // stream time starts over with a restart, while the store knows what it has expired
    if (passed === null && this.store.fetch(key, start) === null) this.late(record, start)
    else this.context.forward(record)
  }

  /** Where the origin of the last record of the current topic is; −1: nowhere. */
  private lastOfTopic(passed: Buffer): number {
    for (let at = COUNT_BYTES; at < passed.length; at += ORIGIN_BYTES) {
      if (this.origins.isOfSameTopic(passed, at)) return at
    }
    return -1
  }

  private passing(passed: Buffer | null, count: number, lastAt: number): Buffer {
    const before = passed ?? Buffer.alloc(COUNT_BYTES)
    const added = lastAt < 0 ? ORIGIN_BYTES : 0
    const next = Buffer.allocUnsafe(before.length + added)
    before.copy(next)
    next.writeInt32BE(count, 0)
    this.origins.write(next, lastAt < 0 ? before.length : lastAt)
    return next
  }

  private late(record: StreamRecord<K, V>, start: number): void {
    const details = `the records of its window [${start}, ${start + this.options.perMs}) are no longer counted`
    sendLate(this.context, this.options.late, record, details)
  }
}
