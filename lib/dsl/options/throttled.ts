import { COUNT, kind, options } from '../../arguments'
import { type Duration, toMilliseconds } from '../../durations'
import { KEPT_BY_KEY, type KeptByKey } from './kept-by-key'
import { LATE, type LateRecords } from './late-records'

/** How many records of a key pass. */
export interface Throttled<K, V> extends KeptByKey<K, V> {
  /** The number of records of a key that pass in each window. */
  limit: number
  /** The size of the windows, which are aligned to 1970: two of them meet within any stretch of that size. */
  per: Duration
}

const PERIOD = kind("milliseconds as a number above 0, or text such as '250ms', '30s' or '5m'", (value) => {
  try {
    return toMilliseconds(value as number, '') > 0
  } catch {
    return false
  }
})

export const THROTTLED = options<Throttled<unknown, unknown> & LateRecords<never>>(
  { ...KEPT_BY_KEY, limit: COUNT, per: PERIOD, late: LATE },
  ['limit', 'per'],
)
