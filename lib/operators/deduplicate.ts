import type { DropReason } from '../record/drop-reason'
import type { RecordId } from '../record/record-id'
import type { StreamRecord } from '../record/stream-record'
import type { KeyedId } from '../serdes/keyed-id'
import type { WindowStore } from '../state/store'
import { sendLate } from './late-output'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { ORIGIN_BYTES, RecordOrigins } from './record-origins'
import { checkedId, type RecordIdSelector } from './record-ids'

export interface DeduplicateOptions<K, V> {
  readonly store: string
  /** `null`: the key itself. */
  readonly by: RecordIdSelector<K, V> | null
  readonly withinMs: number
  /** The child for late records. Default: they are dropped. */
  readonly late?: string
}

/**
 * Forwards the first record of an id. Others of the same id whose timestamp is at most `withinMs` before or after that of a
 * forwarded one are its repetitions. The store has one row for each forwarded record, under its timestamp: its origin.
 */
export class DeduplicateOperator<K, V> extends Operator<K, V> {
  private readonly origins = new RecordOrigins()
  private store!: WindowStore<K | KeyedId<K>, Buffer>
  private by: RecordIdSelector<K, V> | null
  private observedStreamTime = -1

  constructor(private readonly options: DeduplicateOptions<K, V>) {
    super()
    this.by = options.by
  }

  override get dropReasons(): readonly DropReason[] {
    return this.options.late === undefined ? ['late'] : []
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    if (this.by !== null) this.by = context.watch(this.by)
    this.store = context.stateStore(this.options.store)
  }

  process(record: StreamRecord<K, V>): void {
    const { timestamp } = record
    const { withinMs } = this.options
    this.origins.advance(this.context.recordContext)
    if (timestamp > this.observedStreamTime) this.observedStreamTime = timestamp
    const id = this.idOf(record)
    if (id === null) {
      this.context.forward(record)
      return
    }
    if (timestamp < this.observedStreamTime - withinMs) {
      this.late(record)
      return
    }
    const near = this.store.fetch(id, Math.max(0, timestamp - withinMs), timestamp + withinMs)
    if (near.length > 0) {
      if (near.some(([time, origin]) => time === timestamp && this.isReadAgain(origin))) this.context.forward(record)
      return
    }
    const origin = Buffer.allocUnsafe(ORIGIN_BYTES)
    this.origins.write(origin, 0)
    this.store.put(id, origin, timestamp)
    // stream time starts over with a restart, while the store knows what it has expired
    if (this.store.fetch(id, timestamp, timestamp).length === 0) this.late(record)
    else this.context.forward(record)
  }

  /** `null`: nothing can be a repetition of it. */
  private idOf({ key, value }: StreamRecord<K, V>): K | KeyedId<K> | null {
    if (this.by === null) return key ?? null
    const id: RecordId | null = checkedId(this.by(value, key, this.context.recordContext))
    return id === null ? null : { key, id }
  }

  private isReadAgain(origin: Buffer): boolean {
    return this.origins.isKnown && this.origins.isOfSameTopic(origin, 0) && this.origins.compare(origin, 0) === 0
  }

  private late(record: StreamRecord<K, V>): void {
    const { late, withinMs } = this.options
    const details = `it is more than ${withinMs} ms behind stream time, so its repetitions are no longer known`
    sendLate(this.context, late, record, details)
  }
}
