import type { RecordHeaders } from './headers'

/** Where the record now being processed came from. Punctuations have no topic, partition −1 and offset −1. */
export interface RecordContext {
  /** The topic that the record was read from. */
  readonly topic: string | null
  /** Its partition there. */
  readonly partition: number
  /** Its offset there. */
  readonly offset: number
  /** Its event time in milliseconds, as returned by the extractor. */
  readonly timestamp: number
  /** Its headers, in the order in which they were written. */
  readonly headers: RecordHeaders
}

/** Read from the same place, whatever its timestamp and headers are by now. */
export const isSameRecord = (one: RecordContext, other: RecordContext): boolean =>
  one === other || (one.offset === other.offset && one.partition === other.partition && one.topic === other.topic)
