import type { WaitingRecord, WaitingStore } from '../state/join/waiting-store'
import type { ValueJoiner } from './callbacks'
import type { OperatorContext } from './processor'
import { StreamTableJoinOperator } from './stream-table-join'
import type { ValueGetterSupplier } from './value-getter'
import { StreamRecord } from '../record/stream-record'

/**
 * A join of a stream with a versioned table in which stream records wait until stream time is `graceMs` ahead, so that
 * late updates of the table still count. A record that arrives later than that is joined at once.
 */
export class StreamTableGraceJoinOperator<K, V, VT, VR> extends StreamTableJoinOperator<K, V, VT, VR> {
  private waiting!: WaitingStore<K, V>

  constructor(
    table: ValueGetterSupplier<K, VT>,
    joiner: ValueJoiner<K, V, VT | null, VR>,
    left: boolean,
    private readonly storeName: string,
    private readonly graceMs: number,
  ) {
    super(table, joiner, left)
  }

  override init(context: OperatorContext<K, VR>): void {
    super.init(context)
    this.waiting = context.stateStore(this.storeName)
    this.waiting.advanceTime(context.resumedStreamTime)
  }

  override get closesAfterMs(): number {
    return this.graceMs
  }

  override advanceStreamTime(to: number): void {
    this.waiting.advanceTime(to)
    this.joinDue()
  }

  override process(record: StreamRecord<K, V>): void {
    if (!this.isJoinable(record)) return
    const { waiting, graceMs } = this
    const { key, value, timestamp, headers } = record
    // no update of the table gives a record without a key a row
    if (key == null || timestamp < waiting.observedTime - graceMs) {
      this.join(record)
    } else {
      waiting.add(key, value, { ...this.context.recordContext, timestamp, headers })
    }
    this.joinDue()
  }

  private joinDue(): void {
    this.waiting.take(this.waiting.observedTime - this.graceMs, (due) => this.joinWaiting(due))
  }

  private joinWaiting({ key, value, context }: WaitingRecord<K, V>): void {
    const current = this.context.recordContext
    this.context.recordContext = context
    // an error is this record's: the context stays
    this.join(new StreamRecord(key, value, context.timestamp, context.headers))
    this.context.recordContext = current
  }
}
