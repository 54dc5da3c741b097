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
