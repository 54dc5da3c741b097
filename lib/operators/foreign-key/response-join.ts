import type { ValueJoiner } from '../callbacks'
import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import type { ValueGetter, ValueGetterSupplier } from '../value-getter'
import { ForeignKeyBytes, type ForeignKeyJoinSerdes } from '../../serdes/foreign-key/foreign-key-bytes'
import type { SubscriptionResponse } from '../../serdes/foreign-key/subscription'
import type { DropReason } from '../../record/drop-reason'
import type { StreamRecord } from '../../record/stream-record'

/**
 * Joins responses with the rows of the left table, unless a row has changed since its subscription: a newer response follows then.
 * None does in an inner join whose row has no match any more since before: as in Kafka Streams, its last result stays.
 */
export class ResponseJoinOperator<K, V, VO, VR> extends Operator<K, SubscriptionResponse<VO>, K, VR | null> {
  private rows!: ValueGetter<K, V>
  private bytes!: ForeignKeyBytes

  constructor(
    private joiner: ValueJoiner<K, V, VO | null, VR | null>,
    private readonly left: boolean,
    private readonly leftRows: ValueGetterSupplier<K, V>,
    private readonly serdes: ForeignKeyJoinSerdes,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return ['out-of-order']
  }

  override init(context: OperatorContext<K, VR | null>): void {
    super.init(context)
    this.joiner = context.watch(this.joiner)
    this.rows = this.leftRows.open(context)
    this.bytes = new ForeignKeyBytes(this.serdes, context)
  }

  process(record: StreamRecord<K, SubscriptionResponse<VO>>): void {
    const { key } = record
    const { hash, foreignValue } = record.value
    const row = this.rows.get(key)
    const current = row === null ? null : this.bytes.hash(row.value)
    if (current === null ? hash !== null : hash === null || !current.equals(hash)) {
      this.context.dropRecord('out-of-order', 'the row has changed since this answer was asked for', 'debug')
      return
    }
    const hasResult = row !== null && (foreignValue !== null || this.left)
    this.context.forward(record.withValue(hasResult ? (this.joiner(row.value, foreignValue, key) ?? null) : null))
  }

  close(): void | Promise<void> {
    return this.rows?.close?.()
  }
}
