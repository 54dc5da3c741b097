import { keptHeaders, type RecordHeaders } from './headers'
import type { RecordContext } from './record-context'

/** The bytes that a record was read from, copied. */
export interface HeldBytes {
  readonly rawKey: Buffer | null
  readonly rawValue: Buffer | null
}

/** The context of a record that is held in memory, with the bytes that an error handler may ask for. Users don't see them. */
export class HeldRecordContext implements RecordContext {
  readonly #bytes: HeldBytes | null

  constructor(
    readonly topic: string | null,
    readonly partition: number,
    readonly offset: number,
    readonly timestamp: number,
    readonly headers: RecordHeaders,
    bytes: HeldBytes | null,
  ) {
    this.#bytes = bytes
  }

  static bytesOf(context: RecordContext): HeldBytes | null {
    return context instanceof HeldRecordContext ? context.#bytes : null
  }
}

/** A record context that outlives the record. */
export const heldContext = (
  { topic, partition, offset, timestamp, headers }: RecordContext,
  bytes: HeldBytes | null,
): HeldRecordContext => new HeldRecordContext(topic, partition, offset, timestamp, keptHeaders(headers), bytes)

/** The same record with another timestamp and other headers. */
export const contextWith = (context: RecordContext, timestamp: number, headers: RecordHeaders): RecordContext => {
  const { topic, partition, offset } = context
  return context instanceof HeldRecordContext
    ? new HeldRecordContext(topic, partition, offset, timestamp, headers, HeldRecordContext.bytesOf(context))
    : { topic, partition, offset, timestamp, headers }
}
