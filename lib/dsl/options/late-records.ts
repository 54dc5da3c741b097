import { callback } from '../../arguments'

/** What becomes of late records. */
export interface LateRecords<Stream> {
  /**
   * Gets the records that come too late for the operator, as a stream of their own: with their keys, values, timestamps and
   * headers. Called once, while the topology is built. Default: late records are dropped, and counted.
   */
  late?: (records: Stream) => void
}

export const LATE = callback('a function that takes the stream of late records')
