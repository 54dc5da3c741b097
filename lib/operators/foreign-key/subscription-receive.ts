import type { SubscriptionStore } from '../../state/subscriptions/subscription-store'
import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import { ForeignKeyBytes, type ForeignKeyJoinSerdes } from '../../serdes/foreign-key/foreign-key-bytes'
import { type Subscription, SubscriptionSerde } from '../../serdes/foreign-key/subscription'
import type { DropReason } from '../../record/drop-reason'
import type { StreamRecord } from '../../record/stream-record'

/** Puts subscriptions into their store, alongside the right table, and forwards them to be answered. */
export class SubscriptionReceiveOperator<K, KO> extends Operator<KO | null, Subscription<K>> {
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
    return ['null-foreign-key']
  }

  override init(context: OperatorContext<KO | null, Subscription<K>>): void {
    super.init(context)
    this.store = context.stateStore<SubscriptionStore>(this.storeName)
    this.bytes = new ForeignKeyBytes(this.serdes, context)
    this.serde = new SubscriptionSerde(this.bytes)
  }

  process(record: StreamRecord<KO | null, Subscription<K>>): void {
    const { key, value: subscription, timestamp } = record
    const { instruction, primaryKey } = subscription
    if (key === null) {
      if (instruction === 'answer') this.context.forward(record)
      else this.context.dropRecord('null-foreign-key', 'null foreign key')
      return
    }
    const ends = instruction === 'unsubscribe' || instruction === 'unsubscribe and answer'
    const kept = ends ? null : this.serde.serialize('', subscription)
    this.store.put(this.bytes.foreignKey(key), this.bytes.primaryKey(primaryKey), kept, timestamp)
    this.context.forward(record)
  }
}
