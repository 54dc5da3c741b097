import type { RecordContext } from '../../record/record-context'
import { Reader, Writer } from '../buffer/buffered-change'

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
  const parts = new Writer()
  parts.int(VERSION)
  parts.time(sequence)
  parts.context(context)
  parts.bytes(key)
  parts.bytes(value)
  const asHeld = sameBytes(key, source.rawKey) && sameBytes(value, source.rawValue)
  parts.int(asHeld ? AS_HELD : OWN)
  if (!asHeld) {
    parts.bytes(source.rawKey)
    parts.bytes(source.rawValue)
  }
  return parts.done()
}

/** Copies: changelog records are views. */
export const decodePending = (bytes: Buffer): PendingEntry => {
  const reader = new Reader(bytes)
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

const sameBytes = (a: Buffer | null, b: Buffer | null): boolean => a === b || (a !== null && b !== null && a.equals(b))
