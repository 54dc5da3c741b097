import { callback, optional, options } from '../../arguments'

/** What becomes of late records. */
export interface LateRecords<Stream> {
  /**
   * Gets the records that come too late for the operator, as a stream of their own: with their keys, values, timestamps and
   * headers. Called while the topology is built: once for each operator. Default: late records are dropped, and counted.
   */
  late?: (records: Stream) => void
}

/** Takes the late records of one of several grouped streams, by its position in the order of `cogroup` calls, from 0. */
export type LateCogrouped<Stream> = (records: Stream, position: number) => void

/** What becomes of late records of grouped streams that are aggregated together. */
export interface LateCogroupedRecords<Stream> {
  /**
   * Gets the records of each of the streams that come too late, as a stream of their own: with their keys, values, timestamps and
   * headers. Called while the topology is built, once for each stream. Default: late records are dropped, and counted.
   */
  late?: LateCogrouped<Stream>
}

/** What becomes of late records of a join of two streams. */
export interface LateJoinedRecords<Left, Right> {
  /**
   * Gets the left side's records that are too old to be kept for the right side, as a stream of their own: so far behind the newest
   * record of their side that the window and its grace period have passed, rounded up to the segments of a store on disk. They are still
   * joined with what is there. Called while the topology is built. Default: they are not kept, and counted as dropped.
   */
  late?: (records: Left) => void
  /** As `late`, for the right side's records. */
  otherLate?: (records: Right) => void
}

export const LATE = callback('a function that takes the stream of late records')

export const LATE_RECORDS = optional(options<LateRecords<never>>({ late: LATE }))
