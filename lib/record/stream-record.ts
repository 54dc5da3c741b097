import { StreamsError } from '../errors'
import { NO_HEADERS, type RecordHeaders } from './headers'

/** A record on its way through a topology: key, value, event time in milliseconds, and headers. Immutable. */
export class StreamRecord<K, V> {
  /** @throws StreamsError INVALID_TIMESTAMP: a timestamp below 0, with a fraction, or none */
  constructor(
    /** `null` if the record has none. */
    readonly key: K,
    /** `null` for a tombstone. */
    readonly value: V,
    /** Event time in milliseconds since 1970. */
    readonly timestamp: number,
    /** In the order in which they were written; a name may repeat. */
    readonly headers: RecordHeaders = NO_HEADERS,
  ) {
    if (!(Number.isInteger(timestamp) && timestamp >= 0)) throw invalidTimestamp(timestamp)
  }

  /**
   * The same record with another key.
   *
   * @example
   * context.forward(record.withKey(record.value.customerId))
   */
  withKey<NK>(key: NK): StreamRecord<NK, V> {
    return new StreamRecord(key, this.value, this.timestamp, this.headers)
  }

  /**
   * The same record with another value.
   *
   * @example
   * context.forward(record.withValue(record.value.trim()))
   */
  withValue<NV>(value: NV): StreamRecord<K, NV> {
    return new StreamRecord(this.key, value, this.timestamp, this.headers)
  }

  /**
   * The same record with another timestamp.
   *
   * @example
   * context.forward(record.withTimestamp(record.value.createdAt))
   */
  withTimestamp(timestamp: number): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, timestamp, this.headers)
  }

  /**
   * The same record with other headers.
   *
   * @example
   * context.forward(record.withHeaders([...record.headers, ['source', Buffer.from('web')]]))
   */
  withHeaders(headers: RecordHeaders): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, this.timestamp, headers)
  }
}

/** Not in the constructor, which is inlined wherever a record is made. */
const invalidTimestamp = (timestamp: number): StreamsError =>
  new StreamsError(
    'INVALID_TIMESTAMP',
    `A record's timestamp is a whole number of milliseconds since 1970 and may not be negative, got ${timestamp}`,
  )
