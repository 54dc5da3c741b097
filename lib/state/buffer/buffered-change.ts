import type { RecordContext } from '../../record/record-context'
import { TIMESTAMP_BYTES } from '../../bytes/timestamped-bytes'
import {
  contextLength,
  INT_BYTES,
  keptContext,
  lengthOf,
  LengthPrefixedReader,
  LengthPrefixedWriter,
  sameBytes,
} from '../length-prefixed'

/** A waiting update, with the record that it came from. */
export interface BufferedChange {
  readonly context: RecordContext
  /** The key's value before its first waiting update; readers of the buffer see it until then. */
  readonly prior: Buffer | null
  readonly oldValue: Buffer | null
  readonly newValue: Buffer | null
}

/** Its position in the queue, and the update itself. */
export interface BufferedEntry {
  readonly time: number
  readonly change: BufferedChange
}

/** Kafka Streams' estimate, which bounds in bytes are measured by. */
export const sizeOf = ({ context, prior, oldValue, newValue }: BufferedChange): number => {
  let size = 8 + 8 + 4 + (context.topic?.length ?? 0)
  for (const [name, value] of context.headers) size += name.length + (value?.length ?? 0)
  size += (prior?.length ?? 0) + (newValue?.length ?? 0)
  return sameBytes(prior, oldValue) ? size : size + (oldValue?.length ?? 0)
}

const AS_PRIOR = -2

/**
 * `context ‖ prior ‖ old ‖ new ‖ i64 time`, values behind their `i32` lengths, where −1 is `null` and −2 of the old value
 * that it is the prior one: version 3 of Kafka Streams' suppression buffer. `context` is `i64 timestamp ‖ i64 offset ‖
 * topic ‖ i32 partition ‖ i32 headers ‖ { name ‖ value }*`.
 */
export const encodeEntry = ({ time, change: { context, prior, oldValue, newValue } }: BufferedEntry): Buffer => {
  const asPrior = oldValue !== null && sameBytes(prior, oldValue)
  const values = lengthOf(prior) + (asPrior ? 0 : lengthOf(oldValue)) + lengthOf(newValue)
  const writer = new LengthPrefixedWriter(contextLength(context) + values + CHANGE_BYTES)
  writer.context(context)
  writer.bytes(prior)
  if (asPrior) writer.int(AS_PRIOR)
  else writer.bytes(oldValue)
  writer.bytes(newValue)
  writer.time(time)
  return writer.target
}

/** Three lengths and a time. */
const CHANGE_BYTES = 3 * INT_BYTES + TIMESTAMP_BYTES

/** A changelog record of a buffer, which says in a header by which version it was written. */
export interface LoggedEntry {
  readonly value: Buffer
  readonly version: 0 | 1 | 2 | 3
  /** Of the changelog record itself: version 0 has no other. */
  readonly context: RecordContext
  /** The prior value of the key if it is in the buffer already: versions 0 and 1 don't have it. */
  readonly buffered?: { readonly prior: Buffer | null }
}

/** Copies: changelog records are views. */
export const decodeEntry = ({ value, version, context, buffered }: LoggedEntry): BufferedEntry => {
  switch (version) {
    case 0:
    case 1: {
      const reader = new ChangeReader(value)
      const time = reader.time()
      const own = version === 0 ? keptContext(context) : reader.context()
      const { oldValue, newValue } = version === 0 ? reader.values() : reader.lengthAndValues()
      reader.end()
      return { time, change: { context: own, prior: buffered?.prior ?? oldValue, oldValue, newValue } }
    }
    case 2:
      // Kafka Streams 2.4.0, 2.4.1 and 2.5.0 wrote version 3 under this number
      try {
        return decodeVersion2(value)
      } catch {
        return decodeVersion3(value)
      }
    case 3:
      return decodeVersion3(value)
  }
}

const decodeVersion2 = (value: Buffer): BufferedEntry => {
  const reader = new ChangeReader(value)
  const context = reader.context()
  const { oldValue, newValue } = reader.lengthAndValues()
  const prior = reader.bytes()
  const time = reader.time()
  reader.end()
  return { time, change: { context, prior, oldValue, newValue } }
}

/** As `encodeEntry` wrote it, of bytes that the caller may keep: the change consists of views of them. */
export const decodeOwned = (value: Buffer): BufferedEntry => readVersion3(new ChangeReader(value, true))

const decodeVersion3 = (value: Buffer): BufferedEntry => readVersion3(new ChangeReader(value))

const readVersion3 = (reader: ChangeReader): BufferedEntry => {
  const context = reader.context()
  const prior = reader.bytes()
  const length = reader.int()
  const oldValue = length === AS_PRIOR ? prior : reader.bytesOf(length)
  const newValue = reader.bytes()
  const time = reader.time()
  reader.end()
  return { time, change: { context, prior, oldValue, newValue } }
}

class ChangeReader extends LengthPrefixedReader {
  values(): Pick<BufferedChange, 'oldValue' | 'newValue'> {
    const oldValue = this.bytes()
    return { oldValue, newValue: this.bytes() }
  }

  lengthAndValues(): Pick<BufferedChange, 'oldValue' | 'newValue'> {
    const end = this.int() + this.position
    const values = this.values()
    if (this.position !== end) throw new RangeError('two values of another length than they are said to have')
    return values
  }
}
