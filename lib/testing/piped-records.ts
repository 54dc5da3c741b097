import type { FetchedPartition, RecordCursor, RecordHeaders } from '../kafka/port'

/** One record on its way into the task. */
export interface PipedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders
}

/** A record as a fetch of its own; with it the partition is read to its end. */
export const asFetched = (record: PipedRecord): FetchedPartition => ({
  topic: record.topic,
  partition: record.partition,
  nextOffset: record.offset + 1,
  endOffset: record.offset + 1,
  logStartOffset: 0,
  sizeInBytes: (record.key?.length ?? 0) + (record.value?.length ?? 0),
  records: () => cursorOver(record),
})

const cursorOver = (record: PipedRecord): RecordCursor => {
  let advanced = false
  return {
    advance: () => !advanced && (advanced = true),
    offset: record.offset,
    timestamp: record.timestamp,
    key: record.key,
    value: record.value,
    headers: () => record.headers,
  }
}
