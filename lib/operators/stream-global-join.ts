import type { ReadOnlyKeyValueStore, ValueAndTimestamp } from '../state/store'
import type { ValueJoiner, ValueMapper } from './callbacks'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import type { DropReason } from '../record/drop-reason'
import { StreamRecord } from '../record/stream-record'

/** `join` and `leftJoin` of a stream with a global table, by a key derived from the record. The record keeps its own. */
export class StreamGlobalJoinOperator<K, V, KG, VG, VR> extends Operator<K, V, K, VR> {
  private row!: (key: KG) => ValueAndTimestamp<VG> | null

  constructor(
    private readonly storeName: string,
    private selector: ValueMapper<K, V, KG>,
    private joiner: ValueJoiner<K, V, VG | null, VR>,
    private readonly left: boolean,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return this.left ? ['null-value'] : ['null-value', 'null-foreign-key']
  }

  override init(context: OperatorContext<K, VR>): void {
    super.init(context)
    this.row = context.stateStore<ReadOnlyKeyValueStore<KG, ValueAndTimestamp<VG>>>(this.storeName).get
    this.selector = context.watch(this.selector)
    this.joiner = context.watch(this.joiner)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value, timestamp, headers } = record
    if (value == null) {
      this.context.dropRecord('null-value', 'null value')
      return
    }
    const globalKey = this.selector(value, key, this.context.recordContext)
    if (globalKey == null && !this.left) {
      this.context.dropRecord('null-foreign-key', 'null key of the global table')
      return
    }
    const row = globalKey == null ? null : this.row(globalKey)
    if (row === null && !this.left) return
    const joined = this.joiner(value, row === null ? null : row.value, key)
    this.context.forward(new StreamRecord(key, joined, timestamp, headers))
  }
}
