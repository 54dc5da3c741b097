import { StreamsError } from '../errors'
import { NO_HEADERS, type RecordHeaders } from '../kafka/port'

/** A key, a value, an event time in milliseconds and headers on their way through a topology. Immutable. */
export class StreamRecord<K, V> {
  /** @throws StreamsError INVALID_TIMESTAMP: a timestamp below 0, or none */
  constructor(
    readonly key: K,
    readonly value: V,
    readonly timestamp: number,
    readonly headers: RecordHeaders = NO_HEADERS,
  ) {
    if (!(timestamp >= 0)) {
      throw new StreamsError(
        'INVALID_TIMESTAMP',
        `A record's timestamp is milliseconds since 1970 and may not be negative, got ${timestamp}`,
      )
    }
  }

  withKey<NK>(key: NK): StreamRecord<NK, V> {
    return new StreamRecord(key, this.value, this.timestamp, this.headers)
  }

  withValue<NV>(value: NV): StreamRecord<K, NV> {
    return new StreamRecord(this.key, value, this.timestamp, this.headers)
  }

  withTimestamp(timestamp: number): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, timestamp, this.headers)
  }

  withHeaders(headers: RecordHeaders): StreamRecord<K, V> {
    return new StreamRecord(this.key, this.value, this.timestamp, headers)
  }
}

/** An update of a table: `newValue` replaces `oldValue`; `null` is absent. Old values are sent only where a child asks for them. */
export class Change<V> {
  constructor(
    readonly newValue: V | null,
    readonly oldValue: V | null,
    /** false only for out-of-order updates of a versioned table */
    readonly isLatest = true,
  ) {}
}

/** Where the record now being processed came from. Punctuations have no topic, partition −1 and offset −1. */
export interface RecordContext {
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: RecordHeaders
}
