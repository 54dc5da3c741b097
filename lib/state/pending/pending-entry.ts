import type { RecordContext } from '../../record/record-context'
import { TIMESTAMP_BYTES } from '../../bytes/timestamped-bytes'
import {
  contextLength,
  INT_BYTES,
  lengthOf,
  LengthPrefixedReader,
  LengthPrefixedWriter,
  sameBytes,
} from '../length-prefixed'

/** The bytes that a record was read from, as far as an error handler may ask for them. */
export interface OriginalBytes {
  readonly rawKey: Buffer | null
  readonly rawValue: Buffer | null
}

/** A record that an operator holds, and where it came from. */
export interface PendingEntry {
  /** Its place in the order in which records came. */
  readonly sequence: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly context: RecordContext
  readonly source: OriginalBytes
}

const VERSION = 1
const AS_HELD = 1
const OWN = 0

/** Rough size of what an entry takes besides its bytes. */
const OVERHEAD = 64

/**
 * `i32 version ‖ i64 sequence ‖ context ‖ key ‖ value ‖ i32 as held ‖ { original key ‖ original value }`, bytes behind their `i32` lengths, −1 for `null`.
 * The original bytes are there only if they differ from the held ones. `context` is that of suppression buffers.
 */
export const encodePending = ({ sequence, key, value, context, source }: PendingEntry): Buffer => {
  const { rawKey, rawValue } = source
  const asHeld = sameBytes(key, rawKey) && sameBytes(value, rawValue)
  const original = asHeld ? 0 : 2 * INT_BYTES + lengthOf(rawKey) + lengthOf(rawValue)
  const writer = new LengthPrefixedWriter(
    ENTRY_BYTES + contextLength(context) + lengthOf(key) + lengthOf(value) + original,
  )
  writer.int(VERSION)
  writer.time(sequence)
  writer.context(context)
  writer.bytes(key)
  writer.bytes(value)
  writer.int(asHeld ? AS_HELD : OWN)
  if (!asHeld) {
    writer.bytes(rawKey)
    writer.bytes(rawValue)
  }
  return writer.target
}

/** Version, sequence, two lengths, and whether the original bytes are the held ones. */
const ENTRY_BYTES = 4 * INT_BYTES + TIMESTAMP_BYTES

/** Copies: changelog records are views. */
export const decodePending = (bytes: Buffer): PendingEntry => {
  const reader = new LengthPrefixedReader(bytes)
  const version = reader.int()
  if (version !== VERSION) throw new RangeError(`pending records of version ${version} are not known`)
  const sequence = reader.time()
  const read = reader.context()
  const context = read.topic === '' ? { ...read, topic: null } : read
  const key = reader.bytes()
  const value = reader.bytes()
  const source =
    reader.int() === AS_HELD ? { rawKey: key, rawValue: value } : { rawKey: reader.bytes(), rawValue: reader.bytes() }
  reader.end()
  return { sequence, key, value, context, source }
}

export const sizeOfPending = ({ key, value, context, source }: PendingEntry): number => {
  let size = OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0)
  size += (source.rawKey?.length ?? 0) + (source.rawValue?.length ?? 0)
  for (const [name, header] of context.headers) size += name.length + (header?.length ?? 0)
  return size
}
