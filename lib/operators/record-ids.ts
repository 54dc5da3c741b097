import { StreamsError } from '../errors'
import type { RecordContext } from '../record/record-context'
import type { RecordId } from '../record/record-id'

/** Returns what tells records apart; `null` or `undefined` for a record without an id. */
export type RecordIdSelector<K, V> = (value: V, key: K, meta: RecordContext) => RecordId | null | undefined

/** @throws StreamsError PROCESSING_FAILED */
export function checkedId(id: RecordId | null | undefined): RecordId | null {
  switch (typeof id) {
    case 'string':
    case 'number':
    case 'bigint':
      return id
    default:
      if (id == null) return null
      throw new StreamsError(
        'PROCESSING_FAILED',
        `\`by\` returned ${Array.isArray(id) ? 'a list' : typeof id}, and an id is text, a number or a bigint: make one text of several fields`,
      )
  }
}
