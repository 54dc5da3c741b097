import type { ValueJoiner } from './callbacks'
import { dropNull, NULL_REASONS } from './null-records'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { ValueGetter, ValueGetterSupplier } from './value-getter'
import type { DropReason } from '../record/drop-reason'
import { StreamRecord } from '../record/stream-record'

/**
 * `join` and `leftJoin` of a stream with a table: each stream record is joined with the row of its key as of
 * now, or, if the table keeps versions, as it was at the record's time.
 */
export class StreamTableJoinOperator<K, V, VT, VR> extends Operator<K, V, K, VR> {
  private rows: ValueGetter<K, VT> | undefined

  constructor(
    private readonly table: ValueGetterSupplier<K, VT>,
    private joiner: ValueJoiner<K, V, VT | null, VR>,
    private readonly left: boolean,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return this.left ? ['null-value'] : NULL_REASONS
  }

  override init(context: OperatorContext<K, VR>): void {
    super.init(context)
    this.rows = this.table.open(context)
    this.joiner = context.watch(this.joiner)
  }

  process(record: StreamRecord<K, V>): void {
    if (this.isJoinable(record)) this.join(record)
  }

  close(): void | Promise<void> {
    return this.rows?.close?.()
  }

  /** Counts the record as dropped otherwise. */
  protected isJoinable({ key, value }: StreamRecord<K, V>): boolean {
    if (value != null && (key != null || this.left)) return true
    dropNull(this.context, key, this.left)
    return false
  }

  protected join({ key, value, timestamp, headers }: StreamRecord<K, V>): void {
    const row = key == null ? null : this.rows!.getAsOf(key, timestamp)
    if (row === null && !this.left) return
    const joined = this.joiner(value, row === null ? null : row.value, key)
    this.context.forward(new StreamRecord(key, joined, timestamp, headers))
  }
}
