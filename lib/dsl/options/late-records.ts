import { callback, optional, options } from '../../arguments'

/** What becomes of late records. */
export interface LateRecords<Stream> {
  /**
   * Gets the records that come too late for the operator, as a stream of their own: with their keys, values, timestamps and
   * headers. Called while the topology is built: once for each operator. Default: late records are dropped, and counted.
   */
  late?: (records: Stream) => void
}

export const LATE = callback('a function that takes the stream of late records')

export const LATE_RECORDS = optional(options<LateRecords<never>>({ late: LATE }))
