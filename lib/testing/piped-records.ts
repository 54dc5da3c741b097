import type { FetchedPartition, RecordCursor } from '../kafka/port'
import type { RecordHeaders } from '../record/headers'

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
  leaderEpoch: -1,
  endOffset: record.offset + 1,
  logStartOffset: 0,
  sizeInBytes: (record.key?.length ?? 0) + (record.value?.length ?? 0),
  records: () => new PipedCursor([record]),
})

/** Walks records that lie in memory one by one. */
export class PipedCursor implements RecordCursor {
  readonly producerId = -1
  readonly leaderEpoch = -1
  bytes: Buffer = NO_BYTES
  private at = -1

  constructor(private readonly records: readonly PipedRecord[]) {}

  advance(): boolean {
    if (++this.at >= this.records.length) return false
    this.bytes = Buffer.concat([this.key ?? NO_BYTES, this.value ?? NO_BYTES])
    return true
  }

  get offset(): number {
    return this.current.offset
  }

  get timestamp(): number {
    return this.current.timestamp
  }

  get key(): Buffer | null {
    return this.current.key
  }

  get value(): Buffer | null {
    return this.current.value
  }

  readonly keyStart = 0

  get keyLength(): number {
    return this.key?.length ?? -1
  }

  get valueStart(): number {
    return this.key?.length ?? 0
  }

  get valueLength(): number {
    return this.value?.length ?? -1
  }

  headers(): RecordHeaders {
    return this.current.headers
  }

  private get current(): PipedRecord {
    return this.records[this.at]!
  }
}

const NO_BYTES = Buffer.alloc(0)
