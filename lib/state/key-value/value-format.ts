import type { ByteSpan } from '../../bytes/byte-span'
import { StreamsError } from '../../errors'
import { kindOf } from '../../kind-of'
import type { ValueAndTimestamp } from '../store'
import type { StoreSerdes } from '../store-serdes'
import { readTimestamp, TIMESTAMP_BYTES, withoutTimestamp } from '../../bytes/timestamped-bytes'

/** How the values `S` of a store are derived from plain values `V`, and stored as bytes. */
export interface ValueFormat<V, S> {
  readonly timestamped: boolean
  /** Bytes before the value. */
  readonly overhead: number
  value(plain: V, timestamp: number): S
  /** `null` if there is none. */
  plain(value: S): V | null
  timestamp(value: S): number
  /** The plain value's part of stored bytes. */
  plainBytes(stored: Buffer): Buffer
  /** Of the bytes of `stored` from `start` on. */
  timestampOf(stored: Buffer, start?: number): number
}

const NO_TIMESTAMP = -1

const plain: ValueFormat<unknown, unknown> = {
  timestamped: false,
  overhead: 0,
  value: (plain) => plain,
  plain: (value) => value,
  timestamp: () => NO_TIMESTAMP,
  plainBytes: (stored) => stored,
  timestampOf: () => NO_TIMESTAMP,
}

/** A plain value would be a delete: it has no property `value`. A time with a fraction would be another one in Kafka, for the records after it, too. */
const notTimestamped = (stored: unknown): StreamsError =>
  new StreamsError(
    'INVALID_ARGUMENT',
    'a store of timestamped values is given { value, timestamp }, with milliseconds since 1970, or null to delete, and this is ' +
      `${kindOf(stored)}${typeof stored === 'object' ? ' without a whole number as timestamp' : ''}: pass both, or use keyValueStore() or windowStore()`,
  )

const timestamped: ValueFormat<unknown, ValueAndTimestamp<unknown>> = {
  timestamped: true,
  overhead: TIMESTAMP_BYTES,
  value: (plain, timestamp) => ({ value: plain, timestamp }),
  plain: (stored) => {
    if (!Number.isSafeInteger(stored.timestamp)) throw notTimestamped(stored)
    return stored.value
  },
  timestamp: ({ timestamp }) => timestamp,
  plainBytes: withoutTimestamp,
  timestampOf: readTimestamp,
}

/** What a store has in `stored`, whose memory is used again. */
export const valueAt = <K, V, S>(format: ValueFormat<V, S>, serdes: StoreSerdes<K, V>, stored: ByteSpan): S =>
  format.value(serdes.valueAt(stored, format.overhead), format.timestampOf(stored.bytes, stored.start))

/** Plain values. */
export const plainFormat = <V>(): ValueFormat<V, V> => plain as ValueFormat<V, V>

/** Values preceded by the event time of their last update. */
export const timestampedFormat = <V>(): ValueFormat<V, ValueAndTimestamp<V>> =>
  timestamped as unknown as ValueFormat<V, ValueAndTimestamp<V>>
