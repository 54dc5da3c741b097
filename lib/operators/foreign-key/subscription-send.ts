import type { ForeignKeyExtractor } from '../callbacks'
import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import { ForeignKeyBytes, type ForeignKeyJoinSerdes } from '../../serdes/foreign-key/foreign-key-bytes'
import type { Instruction, Subscription } from '../../serdes/foreign-key/subscription'
import type { DropReason } from '../../record/drop-reason'
import type { Change } from '../../record/change'
import { StreamRecord } from '../../record/stream-record'

/** On each update of the left table, tells the right one which of its rows the left row now needs, and which it no longer does. */
export class SubscriptionSendOperator<K, V, KO> extends Operator<K, Change<V>, KO | null, Subscription<K>> {
  private bytes!: ForeignKeyBytes

  constructor(
    private extractor: ForeignKeyExtractor<K, V, KO>,
    private readonly left: boolean,
    private readonly serdes: ForeignKeyJoinSerdes,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return ['null-foreign-key', 'out-of-order']
  }

  override init(context: OperatorContext<KO | null, Subscription<K>>): void {
    super.init(context)
    this.extractor = context.watch(this.extractor)
    this.bytes = new ForeignKeyBytes(this.serdes, context)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { newValue, oldValue, isLatest } = record.value
    if (!isLatest) {
      this.context.dropRecord('out-of-order', 'out-of-order update of a versioned table')
      return
    }
    if (newValue === null && oldValue === null) return
    const oldKey = this.foreignKey(record.key, oldValue)
    const newKey = this.foreignKey(record.key, newValue)
    const hash = newValue === null ? null : this.bytes.hash(newValue)
    if (this.left) this.sendLeft(record, hash, oldKey, newKey)
    else this.sendInner(record, hash, oldKey, newKey)
  }

  /** Always requests a response: a row without a foreign key, and a deleted one, also have a result. */
  private sendLeft(
    record: StreamRecord<K, Change<V>>,
    hash: Buffer | null,
    oldKey: KO | null,
    newKey: KO | null,
  ): void {
    if (oldKey !== null && this.differ(oldKey, newKey)) this.send(record, hash, oldKey, 'unsubscribe')
    this.send(record, hash, newKey, 'answer')
  }

  private sendInner(
    record: StreamRecord<K, Change<V>>,
    hash: Buffer | null,
    oldKey: KO | null,
    newKey: KO | null,
  ): void {
    if (newKey === null) {
      if (record.value.newValue !== null) this.context.dropRecord('null-foreign-key', 'null foreign key')
      if (oldKey !== null) this.send(record, hash, oldKey, 'unsubscribe and answer')
    } else if (oldKey !== null && this.differ(oldKey, newKey)) {
      this.send(record, hash, oldKey, 'unsubscribe')
      // if the new key has no row, the old one's result must be deleted
      this.send(record, hash, newKey, 'answer')
    } else {
      this.send(record, hash, newKey, 'answer if present')
    }
  }

  private send(
    { key: primaryKey, timestamp, headers }: StreamRecord<K, Change<V>>,
    hash: Buffer | null,
    foreignKey: KO | null,
    instruction: Instruction,
  ): void {
    const subscription = { instruction, hash, primaryKey, primaryPartition: this.context.recordContext.partition }
    this.context.forward(new StreamRecord(foreignKey, subscription, timestamp, headers))
  }

  private foreignKey(key: K, value: V | null): KO | null {
    return value === null ? null : (this.extractor(value, key) ?? null)
  }

  private differ(a: KO, b: KO | null): boolean {
    return b === null || !this.bytes.areEqualForeignKeys(a, b)
  }
}
