import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { FetchedPartition } from '../../kafka/port'
import type { ChangelogRecord, ManagedStore } from '../../state/store'
import { CopiedRecord } from './copied-record'
import type { OwnerEpoch } from './owner-epochs'

const SLICE_MS = 8
const RECORDS_PER_CLOCK = 64
const NO_BYTES = Buffer.alloc(0)

type Writable<T> = { -readonly [P in keyof T]: T[P] }

export interface ReplayOptions {
  /** Earlier records are skipped. */
  readonly from: number
  /** First offset not to replay. */
  readonly end: number
  /** Of the changelog's owners: stale writes are skipped. Default: everything is applied. */
  readonly epoch?: OwnerEpoch | undefined
  /** Called between two slices; false ends the replay. */
  readonly proceed?: (position: number, records: number) => Promise<boolean>
}

export interface Replayed {
  /** The offset to read next. */
  readonly position: number
  /** Records since the last `proceed`. */
  readonly records: number
}

/** Replays fetched records of a changelog into a store, in slices of a few milliseconds. */
export const replay = async (
  store: Pick<ManagedStore, 'restore' | 'copiesRestored'>,
  fetched: FetchedPartition,
  { from, end, epoch, proceed = async () => true }: ReplayOptions,
): Promise<Replayed> => {
  const cursor = fetched.records()
  const read = store.copiesRestored === true ? new CopiedRecord(cursor) : cursor
  // one object for all records, as the cursor itself is
  const record: Writable<ChangelogRecord> = {
    key: NO_BYTES,
    value: null,
    timestamp: 0,
    headers: () => cursor.headers(),
  }
  let position = from
  let records = 0
  let untilClock = RECORDS_PER_CLOCK
  let sliceEnd = performance.now() + SLICE_MS
  while (cursor.advance()) {
    const { offset } = cursor
    if (offset >= end) return { position: end, records }
    if (offset < position) continue
    const { key } = read
    if (key !== null && (epoch === undefined || epoch.accepts(cursor, key))) {
      record.key = key
      record.value = read.value
      record.timestamp = cursor.timestamp
      record.offset = offset
      store.restore(record)
    }
    position = offset + 1
    records++
    if (--untilClock > 0) continue
    untilClock = RECORDS_PER_CLOCK
    if (performance.now() < sliceEnd) continue
    const proceeds = await proceed(position, records)
    records = 0
    if (!proceeds) return { position, records }
    await yieldToEventLoop()
    sliceEnd = performance.now() + SLICE_MS
  }
  if (store.copiesRestored === true) fetched.release?.()
  return { position: Math.max(position, Math.min(fetched.nextOffset, end)), records }
}
