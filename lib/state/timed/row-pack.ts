import { readTimestamp, writeTimestamp } from '../../record/timestamped-bytes'

/**
 * Rows of one key whose times lie close together, packed into one value: `i64 time ‖ i64 second ‖ u32 length ‖ value`
 * each, ordered by time and then by the second number (of a window its sequence number, of a session its start).
 */
export type RowPack = Buffer

export interface TimedRow {
  readonly time: number
  readonly second: number
  readonly value: Buffer
}

const SECOND = 8
const LENGTH = 16
const HEAD = 20

const EMPTY: RowPack = Buffer.alloc(0)

/** The value of one row; `null` where there is none. */
export const rowIn = (pack: RowPack, time: number, second: number): Buffer | null => {
  const at = seek(pack, time, second)
  return isAt(pack, at, time, second) ? pack.subarray(at + HEAD, endOf(pack, at)) : null
}

/** A copy with one row set, or taken out by `null`; `null` if nothing is left. */
export const withRow = (pack: RowPack | null, time: number, second: number, value: Buffer | null): RowPack | null => {
  const from = pack ?? EMPTY
  const at = seek(from, time, second)
  const end = isAt(from, at, time, second) ? endOf(from, at) : at
  const added = value === null ? 0 : HEAD + value.length
  const length = from.length - (end - at) + added
  if (length === 0) return null
  const to = Buffer.allocUnsafe(length)
  to.set(from.subarray(0, at), 0)
  if (value !== null) {
    writeTimestamp(to, time, at)
    writeTimestamp(to, second, at + SECOND)
    to.writeUInt32BE(value.length, at + LENGTH)
    to.set(value, at + HEAD)
  }
  to.set(from.subarray(end), at + added)
  return to
}

/** Appends the rows from `from` to `to`, both inclusive. */
export const rowsIn = (pack: RowPack, from: number, to: number, rows: TimedRow[]): void => {
  for (let at = 0; at < pack.length; at = endOf(pack, at)) {
    const time = readTimestamp(pack, at)
    if (time > to) return
    if (time < from) continue
    rows.push({ time, second: readTimestamp(pack, at + SECOND), value: pack.subarray(at + HEAD, endOf(pack, at)) })
  }
}

/** Where the row is, or where it would have to be. */
const seek = (pack: RowPack, time: number, second: number): number => {
  let at = 0
  while (at < pack.length) {
    const found = readTimestamp(pack, at)
    if (found > time || (found === time && readTimestamp(pack, at + SECOND) >= second)) return at
    at = endOf(pack, at)
  }
  return at
}

const isAt = (pack: RowPack, at: number, time: number, second: number): boolean =>
  at < pack.length && readTimestamp(pack, at) === time && readTimestamp(pack, at + SECOND) === second

const endOf = (pack: RowPack, at: number): number => at + HEAD + pack.readUInt32BE(at + LENGTH)
