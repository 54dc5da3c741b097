import type { Payload } from '../../kafka/port'
import type { RecordHeaders } from '../../record/headers'
import type { Serde } from '../../serdes/serde'
import { asBytes } from '../../serdes/serde-results'
import { shortcutsOf } from '../../serdes/shortcuts'
import { WrittenValue } from '../../serdes/written-value'

/**
 * A serde's `serialize` as a producer needs it: a text need not become bytes of its own first, and bytes are valid until
 * the next call.
 */
export type PayloadWriter = (topic: string, object: unknown, headers: RecordHeaders) => Payload

export const payloadWriter = (serde: Serde<unknown>): PayloadWriter => {
  const { toText, newWriter, unread } = shortcutsOf(serde)
  if (toText !== undefined && unread !== undefined) {
    return (_topic, object) => (object instanceof WrittenValue ? object.bytes : toText(object))
  }
  if (toText !== undefined) return (_topic, object) => toText(object)
  return newWriter?.() ?? ((topic, object, headers) => asBytes(serde.serialize(topic, object, headers)))
}
