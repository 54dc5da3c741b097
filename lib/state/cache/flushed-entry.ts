import type { RecordHeaders } from '../../record/headers'
import type { RecordContext } from '../../record/record-context'

/** An entry as it was when its flush began: forwarding one may lead to new updates of others. */
export interface FlushedEntry<V> {
  /** Bytes if the value itself isn't kept; `null` means deleted. */
  readonly value: V | Buffer | null
  readonly valueTimestamp: number
  readonly context: RecordContext
}

/**
 * Kafka Streams' estimate of an entry's size: eviction happens at the same updates as there. `length` is that of key and
 * value bytes; topic and headers are those of the record that updated it last.
 */
export const entrySize = (length: number, topic: string | null, headers: RecordHeaders): number => {
  const size = length + ENTRY_BYTES + (topic === null ? 0 : topic.length)
  return headers.length === 0 ? size : size + headersSize(headers)
}

const headersSize = (headers: RecordHeaders): number =>
  headers.reduce((size, [name, value]) => size + name.length + (value === null ? 0 : value.length), 0)

/** Three references, the dirty flag, timestamp, offset and partition. */
const ENTRY_BYTES = 24 + 1 + 8 + 8 + 4
