/**
 * The metadata string of a committed offset, as Kafka Streams writes it: base64 of `i8 2 ‖ i64 partition time ‖ i32 n ‖
 * n × (i32 length ‖ name ‖ i64 time)`, the list omitted when empty. The names are those of stores; Kafka Streams carries
 * others along without a use for them, and so what else is committed
 * has names that no store can have.
 */
export interface CommitMetadata {
  /** The largest timestamp processed on the partition; −1 for none. */
  readonly partitionTime: number
  /** By store name: the last window close that an emit-on-close aggregation has emitted. */
  readonly lastEmittedWindowClose: ReadonlyMap<string, number>
  /** Stream time that the task has reached without a record; undefined if it never has. */
  readonly reachedStreamTime?: number | undefined
  /** In a bounded run: what the task had left to do. */
  readonly rest?: TaskRest | undefined
}

/**
 * A task of a bounded run has done everything about the records before the committed offsets: with `idle` no asynchronous work
 * is pending, with `closed` its windows are closed as well.
 */
export type TaskRest = 'idle' | 'closed'

const RESTS: readonly TaskRest[] = ['idle', 'closed']

const REACHED_STREAM_TIME = '/stream-time'
const REST = '/bounded-run'

const NONE: CommitMetadata = { partitionTime: -1, lastEmittedWindowClose: new Map() }

export const encodeCommitMetadata = ({
  partitionTime,
  lastEmittedWindowClose,
  reachedStreamTime,
  rest,
}: CommitMetadata): string => {
  const times = [...lastEmittedWindowClose]
  if (reachedStreamTime !== undefined) times.push([REACHED_STREAM_TIME, reachedStreamTime])
  if (rest !== undefined) times.push([REST, RESTS.indexOf(rest)])
  const head = Buffer.alloc(times.length === 0 ? 9 : 13)
  head.writeInt8(2, 0)
  head.writeBigInt64BE(BigInt(partitionTime), 1)
  if (times.length === 0) return head.toString('base64')
  head.writeInt32BE(times.length, 9)
  const parts = [head]
  for (const [name, time] of times) {
    const bytes = Buffer.from(name, 'utf8')
    const entry = Buffer.alloc(4 + bytes.length + 8)
    entry.writeInt32BE(bytes.length, 0)
    bytes.copy(entry, 4)
    entry.writeBigInt64BE(BigInt(time), 4 + bytes.length)
    parts.push(entry)
  }
  return Buffer.concat(parts).toString('base64')
}

/** Unreadable metadata counts as unknown: the partition time is a lower bound, and restarts at −1. */
export const decodeCommitMetadata = (text: string): CommitMetadata => {
  const bytes = Buffer.from(text, 'base64')
  const version = bytes[0]
  if ((version !== 1 && version !== 2) || bytes.length < 9) return NONE
  const partitionTime = Number(bytes.readBigInt64BE(1))
  const lastEmittedWindowClose = new Map<string, number>()
  if (version === 1 || bytes.length < 13) return { partitionTime, lastEmittedWindowClose }
  let at = 13
  for (let n = bytes.readInt32BE(9); n > 0; n--) {
    if (at + 4 > bytes.length) return NONE
    const length = bytes.readInt32BE(at)
    const end = at + 4 + length + 8
    if (length < 0 || end > bytes.length) return NONE
    lastEmittedWindowClose.set(bytes.toString('utf8', at + 4, at + 4 + length), Number(bytes.readBigInt64BE(end - 8)))
    at = end
  }
  const reachedStreamTime = lastEmittedWindowClose.get(REACHED_STREAM_TIME)
  lastEmittedWindowClose.delete(REACHED_STREAM_TIME)
  const rest = RESTS[lastEmittedWindowClose.get(REST) ?? -1]
  lastEmittedWindowClose.delete(REST)
  return { partitionTime, lastEmittedWindowClose, reachedStreamTime, rest }
}
