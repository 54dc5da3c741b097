import { StreamsError } from '../errors'
import type { TimestampExtractor } from './definition'

/**
 * The default: the record's own timestamp; a negative one is an error.
 *
 * @example
 * builder.stream('orders', { timestampExtractor: failOnInvalidTimestamp })
 */
export const failOnInvalidTimestamp: TimestampExtractor = (record) => {
  if (record.timestamp < 0) {
    throw new StreamsError(
      'INVALID_TIMESTAMP',
      `the record at offset ${record.offset} of ${record.topic}-${record.partition} has the timestamp ${record.timestamp}: ` +
        'its producer set none. Pass a timestampExtractor to this source (logAndSkipOnInvalidTimestamp drops such records, ' +
        'usePartitionTimeOnInvalidTimestamp gives them the time of the record before), or set defaultTimestampExtractor',
      { topic: record.topic, partition: record.partition, offset: record.offset },
    )
  }
  return record.timestamp
}

/**
 * The record's own timestamp; a record with a negative one is dropped.
 *
 * @example
 * builder.stream('orders', { timestampExtractor: logAndSkipOnInvalidTimestamp })
 */
export const logAndSkipOnInvalidTimestamp: TimestampExtractor = (record) => record.timestamp

/**
 * The record's own timestamp, for a negative one the largest seen on its partition; an error if there is none yet.
 *
 * @example
 * builder.stream('orders', { timestampExtractor: usePartitionTimeOnInvalidTimestamp })
 */
export const usePartitionTimeOnInvalidTimestamp: TimestampExtractor = (record, partitionTime) => {
  if (record.timestamp >= 0) return record.timestamp
  if (partitionTime >= 0) return partitionTime
  throw new StreamsError(
    'INVALID_TIMESTAMP',
    `the record at offset ${record.offset} of ${record.topic}-${record.partition} has the timestamp ${record.timestamp}, and ` +
      'no record of its partition has had a valid one yet',
    { topic: record.topic, partition: record.partition, offset: record.offset },
  )
}

/**
 * The wall-clock time at which the record is processed.
 *
 * @example
 * builder.stream('clicks', { timestampExtractor: wallclockTimestampExtractor })
 */
export const wallclockTimestampExtractor: TimestampExtractor = () => Date.now()
