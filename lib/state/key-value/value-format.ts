import type { ValueAndTimestamp } from '../store'
import { readTimestamp, TIMESTAMP_BYTES, withoutTimestamp } from '../../record/timestamped-bytes'

/** How a store shows a value `V` to its users (as `S`), and how it lies in the store's bytes. */
export interface ValueFormat<V, S> {
  readonly timestamped: boolean
  /** Bytes in front of the value. */
  readonly overhead: number
  shown(value: V, timestamp: number): S
  /** `null` where there is none. */
  value(shown: S): V | null
  timestamp(shown: S): number
  /** The bare value of what is kept. */
  valueBytes(kept: Buffer): Buffer
  timestampOf(kept: Buffer): number
}

const NO_TIMESTAMP = -1

const plain: ValueFormat<unknown, unknown> = {
  timestamped: false,
  overhead: 0,
  shown: (value) => value,
  value: (shown) => shown,
  timestamp: () => NO_TIMESTAMP,
  valueBytes: (kept) => kept,
  timestampOf: () => NO_TIMESTAMP,
}

const timestamped: ValueFormat<unknown, ValueAndTimestamp<unknown>> = {
  timestamped: true,
  overhead: TIMESTAMP_BYTES,
  shown: (value, timestamp) => ({ value, timestamp }),
  value: (shown) => shown.value,
  timestamp: (shown) => shown.timestamp,
  valueBytes: withoutTimestamp,
  timestampOf: readTimestamp,
}

/** Values as they are. */
export const plainFormat = <V>(): ValueFormat<V, V> => plain as ValueFormat<V, V>

/** Values behind the event time of their last update. */
export const timestampedFormat = <V>(): ValueFormat<V, ValueAndTimestamp<V>> =>
  timestamped as unknown as ValueFormat<V, ValueAndTimestamp<V>>
