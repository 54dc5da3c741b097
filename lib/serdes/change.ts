import type { AppDefaults, OpenSerde } from './open-serde'
import type { Serde, SerdeUse } from './serde'
import type { RecordHeaders } from '../record/headers'
import { Change } from '../record/change'

/** The last byte says what is there. 3 to 5 are forms that later Kafka Streams versions may write: read, never written. */
const OLD = 0
const NEW = 1
const BOTH = 2
const OLD_WITH_LATEST = 3
const NEW_WITH_LATEST = 4
const BOTH_WITH_LATEST = 5

/**
 * Updates of a table on the repartition topic of its `groupBy`, in Kafka Streams' bytes: `old ‖ 00`, `new ‖ 01` or
 * `varint length of new ‖ new ‖ old ‖ 02`. Without an inner serde it uses the configured default, see
 * `completed`.
 */
export class ChangeSerde<V> implements OpenSerde<Change<V>> {
  constructor(readonly inner: Serde<V> | undefined) {}

  /** This serde, with the configured default if it has no inner one. */
  completed({ defaultValueSerde }: Pick<AppDefaults, 'defaultValueSerde'>): ChangeSerde<V> {
    return this.inner === undefined ? new ChangeSerde(defaultValueSerde as Serde<V>) : this
  }

  serialize(topic: string, change: Change<V>, headers: RecordHeaders): Buffer {
    const inner = this.known()
    const newBytes = change.newValue === null ? null : inner.serialize(topic, change.newValue, headers)
    const oldBytes = change.oldValue === null ? null : inner.serialize(topic, change.oldValue, headers)
    if (newBytes !== null && oldBytes !== null) {
      return Buffer.concat([varint(newBytes.length), newBytes, oldBytes, Buffer.of(BOTH)])
    }
    if (newBytes !== null) return Buffer.concat([newBytes, Buffer.of(NEW)])
    if (oldBytes !== null) return Buffer.concat([oldBytes, Buffer.of(OLD)])
    throw new Error('an update of a grouped table has neither an old nor a new value')
  }

  deserialize(topic: string, bytes: Buffer, headers: RecordHeaders): Change<V> {
    const inner = this.known()
    const flag = bytes[bytes.length - 1]
    const latest = flag === OLD_WITH_LATEST || flag === NEW_WITH_LATEST || flag === BOTH_WITH_LATEST
    const end = bytes.length - (latest ? 2 : 1)
    if (end < 0) throw new Error(`an update of a grouped table is longer than ${bytes.length} bytes`)
    const isLatest = latest ? bytes[end] === 1 : true
    const read = (from: number, to: number): V => inner.deserialize(topic, bytes.subarray(from, to), headers)
    switch (flag) {
      case OLD:
      case OLD_WITH_LATEST:
        return new Change<V>(null, read(0, end), isLatest)
      case NEW:
      case NEW_WITH_LATEST:
        return new Change<V>(read(0, end), null, isLatest)
      case BOTH:
      case BOTH_WITH_LATEST: {
        const [length, start] = readVarint(bytes)
        if (length < 0 || start + length > end) {
          throw new Error(`the new value's length ${length} is beyond the ${bytes.length} bytes of the update`)
        }
        return new Change<V>(read(start, start + length), read(start + length, end), isLatest)
      }
      default:
        throw new Error(`unknown flag ${flag} at the end of an update of a grouped table`)
    }
  }

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    await this.known().prepare?.(topic, use)
  }

  private known(): Serde<V> {
    if (this.inner === undefined) throw new Error('no serde is known for the values of this grouped table')
    return this.inner
  }
}

/** Zig-zag, little-endian base 128. */
const varint = (length: number): Buffer => {
  const bytes: number[] = []
  let rest = length * 2
  while (rest > 127) {
    bytes.push((rest & 0x7f) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

const readVarint = (bytes: Buffer): [value: number, next: number] => {
  let value = 0
  let factor = 1
  for (let i = 0; i < bytes.length && i < 5; i++) {
    const byte = bytes[i]!
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return [value % 2 === 0 ? value / 2 : -(value + 1) / 2, i + 1]
    factor *= 128
  }
  throw new Error('the length of the new value is not a varint')
}
