import { Operator } from '../operator'
import type { OperatorContext } from '../processor'
import type { ValueGetter, ValueGetterSupplier } from '../value-getter'
import type { Subscription, SubscriptionResponse } from '../../serdes/foreign-key/subscription'
import { StreamRecord } from '../../record/stream-record'

/** Answers a new subscription with the right row as it is now. */
export class SubscriptionJoinOperator<K, KO, VO> extends Operator<
  KO | null,
  Subscription<K>,
  K,
  SubscriptionResponse<VO>
> {
  private rows!: ValueGetter<KO, VO>

  constructor(private readonly right: ValueGetterSupplier<KO, VO>) {
    super()
  }

  override init(context: OperatorContext<K, SubscriptionResponse<VO>>): void {
    super.init(context)
    this.rows = this.right.open(context)
  }

  process({ key, value: subscription, timestamp, headers }: StreamRecord<KO | null, Subscription<K>>): void {
    const { instruction, hash, primaryKey, primaryPartition } = subscription
    if (instruction === 'unsubscribe') return
    const row = key === null ? null : this.rows.get(key)
    if (row === null && instruction === 'answer if present') return
    const foreignValue = row === null || instruction === 'unsubscribe and answer' ? null : row.value
    const time = row === null ? timestamp : Math.max(timestamp, row.timestamp)
    this.context.forward(new StreamRecord(primaryKey, { hash, foreignValue, primaryPartition }, time, headers))
  }

  close(): void | Promise<void> {
    return this.rows?.close?.()
  }
}
