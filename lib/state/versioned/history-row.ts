import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'
import type { Scratch } from '../../bytes/scratch'

/** A former value of a key. It was deleted during this time where `value` is `null`. */
export interface FormerVersion {
  readonly from: number
  /** The timestamp of the version after it. Equal to `from` for a deletion that nothing follows yet. */
  readonly to: number
  readonly value: Buffer | null
}

const FROM_AT = 0
const TO_AT = FROM_AT + TIMESTAMP_BYTES
const LENGTH_AT = TO_AT + TIMESTAMP_BYTES
const HEADER = LENGTH_AT + 4
const DELETED = -1

/**
 * The former versions of a key that ended in one segment of time, in one entry of the store: each as
 * `i64 from ‖ i64 to ‖ i32 length ‖ value`, oldest first, never overlapping.
 */
export const encodeRow = (versions: readonly FormerVersion[]): Buffer => {
  const row = Buffer.allocUnsafe(versions.reduce((sum, version) => sum + sizeOf(version), 0))
  let offset = 0
  for (const version of versions) offset = write(row, offset, version)
  return row
}

/** The values are views of the row. */
export const decodeRow = (row: Buffer): FormerVersion[] => {
  const versions: FormerVersion[] = []
  for (let offset = 0; offset < row.length; offset = endOf(row, offset)) {
    const isDeletion = row.readInt32BE(offset + LENGTH_AT) === DELETED
    versions.push({
      from: readTimestamp(row, offset + FROM_AT),
      to: readTimestamp(row, offset + TO_AT),
      value: isDeletion ? null : row.subarray(offset + HEADER, endOf(row, offset)),
    })
  }
  return versions
}

/**
 * The row with one more version, which comes after all others: `latest` is its start with its value behind, and ended at
 * `to`. Written into the scratch memory.
 */
export const withLast = (row: Buffer | null, latest: Buffer, to: number, scratch: Scratch): Buffer => {
  const at = row === null ? 0 : row.length
  const valueLength = latest.length - TIMESTAMP_BYTES
  const longer = scratch.of(at + HEADER + valueLength)
  if (row !== null) longer.set(row)
  // copied whole, so that no view is needed: what it has before the value is written over
  longer.set(latest, at + HEADER - TIMESTAMP_BYTES)
  writeTimestamp(longer, readTimestamp(latest), at + FROM_AT)
  writeTimestamp(longer, to, at + TO_AT)
  longer.writeInt32BE(valueLength, at + LENGTH_AT)
  return longer
}

const sizeOf = ({ value }: FormerVersion): number => HEADER + (value === null ? 0 : value.length)

const endOf = (row: Buffer, offset: number): number => {
  const length = row.readInt32BE(offset + LENGTH_AT)
  return offset + HEADER + (length === DELETED ? 0 : length)
}

/** Returns where it ends. */
const write = (row: Buffer, offset: number, { from, to, value }: FormerVersion): number => {
  writeTimestamp(row, from, offset + FROM_AT)
  writeTimestamp(row, to, offset + TO_AT)
  row.writeInt32BE(value === null ? DELETED : value.length, offset + LENGTH_AT)
  if (value !== null) row.set(value, offset + HEADER)
  return endOf(row, offset)
}
