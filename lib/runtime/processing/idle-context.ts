import { NO_HEADERS } from '../../record/headers'
import type { RecordContext } from '../../record/record-context'

/** Where nothing is being processed: its time equals no record's, so a forward from here is noticed. */
export const IDLE: RecordContext = Object.freeze({
  topic: null,
  partition: -1,
  offset: -1,
  timestamp: NaN,
  headers: NO_HEADERS,
})
