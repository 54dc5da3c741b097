import { readTimestamp, writeTimestamp } from '../../bytes/timestamped-bytes'

/**
 * Rows of one key whose times lie close together, as a store's bytes keep them: `i64 time ‖ i64 second ‖ u32 length ‖
 * value` each, ordered by time and then by the second number (of a window its sequence number, of a session its start).
 */
export type RowPack = Buffer

export interface TimedRow {
  readonly time: number
  readonly second: number
  readonly value: Buffer
}

const SECOND = 8
const LENGTH = 16

/** The bytes in front of a row's value. */
export const PACKED_ROW_HEAD = 20

export const writeRowHead = (pack: RowPack, at: number, time: number, second: number, length: number): void => {
  writeTimestamp(pack, time, at)
  writeTimestamp(pack, second, at + SECOND)
  pack.writeUInt32BE(length, at + LENGTH)
}

/** Values are views of the pack. */
export const eachPackedRow = (pack: RowPack, visit: (time: number, second: number, value: Buffer) => void): void => {
  for (let at = 0; at < pack.length;) {
    const value = at + PACKED_ROW_HEAD
    const end = value + pack.readUInt32BE(at + LENGTH)
    visit(readTimestamp(pack, at), readTimestamp(pack, at + SECOND), pack.subarray(value, end))
    at = end
  }
}

/** The rows from `from` to `to`, both inclusive. */
export const rowsIn = (pack: RowPack, from: number, to: number): TimedRow[] => {
  const rows: TimedRow[] = []
  eachPackedRow(pack, (time, second, value) => {
    if (time >= from && time <= to) rows.push({ time, second, value })
  })
  return rows
}
