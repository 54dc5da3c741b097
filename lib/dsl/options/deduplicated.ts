import { callback, DURATION, options } from '../../arguments'
import type { Duration } from '../../durations'
import type { RecordIdSelector } from '../../operators/record-ids'
import { KEPT_BY_KEY, type KeptByKey } from './kept-by-key'
import { LATE, type LateRecords } from './late-records'

/** Which records are repetitions of each other. */
export interface Deduplicated<K, V> extends KeptByKey<K, V> {
  /**
   * A record is a repetition if its timestamp is at most this much after, or before, that of a record with the same id that
   * has been forwarded. Also how far a record may be behind stream time: one that is further behind is late.
   */
  within: Duration
  /**
   * The id of a record among those of its key: repetitions have the same key and the same id. Records for which it returns
   * `null` or `undefined` are all forwarded. Default: the key alone.
   */
  by?: RecordIdSelector<K, V>
}

export const ID_SELECTOR = callback('a function that makes an id')

export const DEDUPLICATED = options<Deduplicated<unknown, unknown> & LateRecords<never>>(
  { ...KEPT_BY_KEY, within: DURATION, by: ID_SELECTOR, late: LATE },
  ['within'],
)
