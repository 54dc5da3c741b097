import { callback, optional, options } from '../../arguments'
import type { KStream } from '../kstream'

/** What becomes of late records. */
export interface LateRecords<Stream> {
  /**
   * Gets the records that come too late for the operator, as a stream of their own: with their keys, values, timestamps and
   * headers. Called while the topology is built: once for each operator. Default: late records are dropped, and counted.
   */
  late?: (records: Stream) => void
}

/** Takes the late records of one of several grouped streams, by its position in the order of `cogroup` calls, from 0. */
export type LateCogrouped<K> = (records: KStream<K, unknown>, position: number) => void

/** What becomes of late records of grouped streams that are aggregated together. */
export interface LateCogroupedRecords<K> {
  /**
   * Gets the records of each of the streams that come too late, as a stream of their own: with their keys, values, timestamps and
   * headers. Called while the topology is built, once for each stream. Default: late records are dropped, and counted.
   */
  late?: LateCogrouped<K>
}

export const LATE = callback('a function that takes the stream of late records')

export const LATE_RECORDS = optional(options<LateRecords<never>>({ late: LATE }))
