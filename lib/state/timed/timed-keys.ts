import { readTimestamp, TIMESTAMP_BYTES, writeTimestamp } from '../../bytes/timestamped-bytes'

/** The two numbers that stand behind a key: of a window its start and sequence number, of a session its end and start. */
export interface TimedKey {
  readonly key: Buffer
  readonly time: number
  readonly second: number
}

/** How a key, a time and a second number are one key of a changelog. */
export interface TimedKeyFormat {
  /** Length of what follows the key. */
  readonly suffixBytes: number
  readonly kind: 'window' | 'session'
  /** `into` has just the length that is needed; default: a new buffer. */
  join(key: Buffer, time: number, second: number, into?: Buffer): Buffer
  split(joined: Buffer): TimedKey
  /** Whether these bytes can be a key of this format: another store's keys, read as these, give times that no clock shows. */
  canBe(joined: Buffer): boolean
}

const WINDOW_SUFFIX = TIMESTAMP_BYTES + 4
const SESSION_SUFFIX = 2 * TIMESTAMP_BYTES

const writeWindow = (target: Buffer, start: number, sequence: number, at = 0): void => {
  writeTimestamp(target, start, at)
  target.writeInt32BE(sequence, at + TIMESTAMP_BYTES)
}

const writeSession = (target: Buffer, end: number, start: number, at = 0): void => {
  writeTimestamp(target, end, at)
  writeTimestamp(target, start, at + TIMESTAMP_BYTES)
}

/** The last time that a `Date` can hold, in milliseconds; its negative is the first. */
const LAST_TIME = 8.64e15

const isTime = (time: number): boolean => Math.abs(time) <= LAST_TIME

/** `key ‖ i64 start ‖ i32 sequence` */
export const windowKeyFormat: TimedKeyFormat = {
  suffixBytes: WINDOW_SUFFIX,
  kind: 'window',
  join(key, start, sequence, joined = Buffer.allocUnsafe(key.length + WINDOW_SUFFIX)) {
    joined.set(key, 0)
    writeWindow(joined, start, sequence, key.length)
    return joined
  },
  split(joined) {
    const end = joined.length - WINDOW_SUFFIX
    return {
      key: joined.subarray(0, end),
      time: readTimestamp(joined, end),
      second: joined.readInt32BE(end + TIMESTAMP_BYTES),
    }
  },
  canBe(joined) {
    const end = joined.length - WINDOW_SUFFIX
    return end >= 0 && isTime(readTimestamp(joined, end)) && joined.readInt32BE(end + TIMESTAMP_BYTES) >= 0
  },
}

/** `key ‖ i64 end ‖ i64 start` */
export const sessionKeyFormat: TimedKeyFormat = {
  suffixBytes: SESSION_SUFFIX,
  kind: 'session',
  join(key, end, start, joined = Buffer.allocUnsafe(key.length + SESSION_SUFFIX)) {
    joined.set(key, 0)
    writeSession(joined, end, start, key.length)
    return joined
  },
  split(joined) {
    const end = joined.length - SESSION_SUFFIX
    return {
      key: joined.subarray(0, end),
      time: readTimestamp(joined, end),
      second: readTimestamp(joined, end + TIMESTAMP_BYTES),
    }
  },
  canBe(joined) {
    const at = joined.length - SESSION_SUFFIX
    if (at < 0) return false
    const end = readTimestamp(joined, at)
    const start = readTimestamp(joined, at + TIMESTAMP_BYTES)
    return isTime(end) && isTime(start) && start <= end
  },
}
