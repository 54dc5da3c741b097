import type { RecordHeaders } from '../record/headers'
import { type RecordId, recordIdBytes, recordIdOf } from '../record/record-id'
import type { AppDefaults, OpenSerde } from './open-serde'
import type { Serde, SerdeUse } from './serde'

/** An id among the records of a key. */
export interface KeyedId<K> {
  readonly key: K
  readonly id: RecordId
}

const LENGTH_BYTES = 4
const NO_KEY = -1

/** `i32 length of the key (−1 for none) ‖ key ‖ id`. Without a serde for keys it uses the configured default, see `completed`. */
export class KeyedIdSerde<K> implements OpenSerde<KeyedId<K>> {
  constructor(private readonly key: Serde<K> | undefined) {}

  completed({ defaultKeySerde }: Pick<AppDefaults, 'defaultKeySerde'>): KeyedIdSerde<K> {
    return this.key === undefined ? new KeyedIdSerde(defaultKeySerde as Serde<K>) : this
  }

  serialize(topic: string, { key, id }: KeyedId<K>, headers: RecordHeaders): Buffer {
    const keyBytes = key == null ? null : this.known().serialize(topic, key, headers)
    const length = Buffer.allocUnsafe(LENGTH_BYTES)
    length.writeInt32BE(keyBytes === null ? NO_KEY : keyBytes.length)
    return Buffer.concat(keyBytes === null ? [length, recordIdBytes(id)] : [length, keyBytes, recordIdBytes(id)])
  }

  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): KeyedId<K> {
    const length = bytes.length < LENGTH_BYTES ? NaN : bytes.readInt32BE(0)
    const end = LENGTH_BYTES + Math.max(length, 0)
    if (!(length >= NO_KEY && end < bytes.length)) {
      throw new RangeError(
        `the id of a record follows its key, whose length ${length} is not that of these ${bytes.length} bytes`,
      )
    }
    const key = length === NO_KEY ? null : this.known().deserialize(topic, bytes.subarray(LENGTH_BYTES, end), headers)
    return { key: key as K, id: recordIdOf(bytes.subarray(end)) }
  }

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    await this.known().prepare?.(topic, use)
  }

  private known(): Serde<K> {
    if (this.key === undefined) throw new Error('no serde is known for the keys of these ids')
    return this.key
  }
}
