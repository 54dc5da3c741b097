import { readTimestamp, writeTimestamp } from '../../record/timestamped-bytes'

/** A former value of a key. It was deleted during this time where `value` is `null`. */
export interface FormerVersion {
  readonly from: number
  /** The timestamp of the version after it. Equal to `from` for a deletion that nothing follows yet. */
  readonly to: number
  readonly value: Buffer | null
}

const HEADER = 8 + 8 + 4
const DELETED = -1

/**
 * The former versions of a key that ended in one segment of time, in one entry of the store: each as
 * `i64 from ‖ i64 to ‖ i32 length ‖ value`, oldest first, never overlapping.
 */
export const encodeRow = (versions: readonly FormerVersion[]): Buffer => {
  const size = versions.reduce((sum, { value }) => sum + HEADER + (value?.length ?? 0), 0)
  const row = Buffer.allocUnsafe(size)
  let offset = 0
  for (const { from, to, value } of versions) {
    writeTimestamp(row, from, offset)
    writeTimestamp(row, to, offset + 8)
    row.writeInt32BE(value === null ? DELETED : value.length, offset + 16)
    offset += HEADER
    if (value === null) continue
    value.copy(row, offset)
    offset += value.length
  }
  return row
}

/** The values are views of the row. */
export const decodeRow = (row: Buffer): FormerVersion[] => {
  const versions: FormerVersion[] = []
  for (let offset = 0; offset < row.length;) {
    const from = readTimestamp(row, offset)
    const to = readTimestamp(row, offset + 8)
    const length = row.readInt32BE(offset + 16)
    offset += HEADER
    versions.push({ from, to, value: length === DELETED ? null : row.subarray(offset, offset + length) })
    if (length !== DELETED) offset += length
  }
  return versions
}
