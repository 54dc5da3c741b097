import type { DropReason } from '../record/drop-reason'
import { NO_HEADERS } from '../record/headers'
import { murmur2 } from '../bytes/murmur2'
import { type RecordId, recordIdBytes } from '../record/record-id'
import type { StreamRecord } from '../record/stream-record'
import { keySerdeOf } from '../serdes/open-serde'
import type { Serde } from '../serdes/serde'
import type { KeyValueStore } from '../state/store'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { checkedId, type RecordIdSelector } from './record-ids'

/** Forwards the first of every `every` records of a key. */
export class SampleEveryOperator<K, V> extends Operator<K, V> {
  private store!: KeyValueStore<K, number>

  constructor(
    private readonly storeName: string,
    private readonly every: number,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return ['null-key']
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    this.store = context.stateStore(this.storeName)
  }

  process(record: StreamRecord<K, V>): void {
    const { key } = record
    if (key == null) {
      this.context.dropRecord('null-key', 'null key')
      return
    }
    // a smaller `every` than before must not wait for a count that it never reaches
    const before = (this.store.get(key) ?? 0) % this.every
    this.store.put(key, (before + 1) % this.every)
    if (before === 0) this.context.forward(record)
  }
}

const HASHES = 2 ** 32

/** Forwards the records whose id, or key, has a hash in the first `fraction` of all hashes. */
export class SampleFractionOperator<K, V> extends Operator<K, V> {
  private readonly limit: number
  private keySerde!: Serde<K>

  constructor(
    fraction: number,
    private by: RecordIdSelector<K, V> | null,
    private readonly givenKeySerde: Serde<K> | undefined,
  ) {
    super()
    this.limit = fraction * HASHES
  }

  override init(context: OperatorContext<K, V>): void {
    super.init(context)
    if (this.by !== null) this.by = context.watch(this.by)
    this.keySerde = keySerdeOf(this.givenKeySerde, context)
  }

  process(record: StreamRecord<K, V>): void {
    if (murmur2(this.bytesOf(record)) >>> 0 < this.limit) this.context.forward(record)
  }

  private bytesOf({ key, value }: StreamRecord<K, V>): Buffer {
    const { topic, partition, offset } = this.context.recordContext
    if (this.by !== null) {
      const id: RecordId | null = checkedId(this.by(value, key, this.context.recordContext))
      if (id !== null) return recordIdBytes(id)
    } else if (key != null) {
      const bytes = this.keySerde.serialize(topic ?? '', key, NO_HEADERS)
      if (bytes !== null) return bytes
    }
    // the same choice whenever the record is read again
    return recordIdBytes(`${topic}-${partition}-${offset}`)
  }
}
