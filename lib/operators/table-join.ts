import type { OldValues } from './change-forwarder'
import { joined, type TableJoin } from './joined-rows'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { ValueGetter, ValueGetterSupplier } from './value-getter'
import type { DropReason } from '../record/drop-reason'
import { Change } from '../record/change'
import { StreamRecord } from '../record/stream-record'

/**
 * One side of a join of two tables: each of its updates is joined with the row that the other side has now. Out-of-order
 * updates of a versioned table change nothing that is valid now, and are dropped (KIP-914).
 */
export class TableJoinOperator<K, V, VO, VR> extends Operator<K, Change<V>, K, Change<VR>> {
  private other!: ValueGetter<K, VO>
  private join: TableJoin<K, VR>

  constructor(
    join: TableJoin<K, VR>,
    private readonly side: 'left' | 'right',
    private readonly otherRows: ValueGetterSupplier<K, VO>,
    private readonly options: OldValues,
  ) {
    super()
    this.join = join
  }

  override get dropReasons(): readonly DropReason[] {
    return ['null-key', 'out-of-order']
  }

  override init(context: OperatorContext<K, Change<VR>>): void {
    super.init(context)
    this.other = this.otherRows.open(context)
    this.join = { ...this.join, joiner: context.watch(this.join.joiner) }
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change } = record
    if (key == null) {
      this.context.dropRecord('null-key', 'null key')
      return
    }
    if (!change.isLatest) {
      this.context.dropRecord('out-of-order', 'out-of-order update of a versioned table')
      return
    }
    const other = this.other.get(key)
    if (other === null && this.isWithoutResult(change)) return
    const otherValue = other === null ? null : other.value
    const newValue = this.result(change.newValue, otherValue, key)
    const oldValue = this.options.sendOldValues ? this.result(change.oldValue, otherValue, key) : null
    const timestamp = other === null ? record.timestamp : Math.max(record.timestamp, other.timestamp)
    this.context.forward(new StreamRecord(key, new Change(newValue, oldValue), timestamp, record.headers))
  }

  close(): void | Promise<void> {
    return this.other?.close?.()
  }

  /** Neither before nor now, as far as this side can tell. */
  private isWithoutResult({ newValue, oldValue }: Change<V>): boolean {
    if (this.join.kind === 'inner' || (this.join.kind === 'left' && this.side === 'right')) return true
    return newValue === null && oldValue === null
  }

  private result(own: V | null, other: VO | null, key: K): VR | null {
    return this.side === 'left' ? joined(this.join, own, other, key) : joined(this.join, other, own, key)
  }
}
