import type { SubscriptionStore } from '../../state/subscriptions/subscription-store'
import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import { ForeignKeyBytes, type ForeignKeyJoinSerdes } from '../../serdes/foreign-key/foreign-key-bytes'
import { type SubscriptionResponse, SubscriptionSerde } from '../../serdes/foreign-key/subscription'
import type { DropReason } from '../../record/drop-reason'
import type { Change } from '../../record/change'
import type { StreamRecord } from '../../record/stream-record'

/** Sends an update of a right row to all left rows that refer to it. */
export class ForeignTableJoinOperator<K, KO, VO> extends Operator<KO, Change<VO>, K, SubscriptionResponse<VO>> {
  private store!: SubscriptionStore
  private bytes!: ForeignKeyBytes
  private serde!: SubscriptionSerde<K>

  constructor(
    private readonly storeName: string,
    private readonly serdes: ForeignKeyJoinSerdes,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return ['null-key', 'out-of-order']
  }

  override init(context: OperatorContext<K, SubscriptionResponse<VO>>): void {
    super.init(context)
    this.store = context.stateStore<SubscriptionStore>(this.storeName)
    this.bytes = new ForeignKeyBytes(this.serdes, context)
    this.serde = new SubscriptionSerde(this.bytes)
  }

  process(record: StreamRecord<KO, Change<VO>>): void {
    const { key, value: change } = record
    if (key == null) {
      this.context.dropRecord('null-key', 'null key')
      return
    }
    if (!change.isLatest) {
      this.context.dropRecord('out-of-order', 'out-of-order update of a versioned table')
      return
    }
    for (const kept of this.store.subscriptions(this.bytes.foreignKey(key))) {
      const { hash, primaryKey, primaryPartition } = this.serde.deserialize('', kept)
      const response = { hash, foreignValue: change.newValue, primaryPartition }
      this.context.forward(record.withKey(primaryKey).withValue(response))
    }
  }
}
