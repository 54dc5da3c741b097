import type { ClientError, FetchedPartition, RecordCursor } from '../../port'
import type { SharedResponse } from './shared-response'
import { BatchCursor, type AbortedTransaction } from '../records/record-batch-decoder'

export interface FetchedBatchesFields {
  readonly topic: string
  readonly partition: number
  readonly error?: ClientError
  /** where the fetch began */
  readonly from: number
  readonly nextOffset: number
  readonly leaderEpoch: number
  readonly truncatedTo?: number | undefined
  readonly endOffset: number
  readonly logStartOffset: number
  readonly bytes: Buffer
  /** what `bytes` are a view of */
  readonly response?: SharedResponse | undefined
  readonly aborted: readonly AbortedTransaction[] | null
  /** of a batch */
  readonly maxDecompressedBytes: number
}

/** Raw batches as they came from the broker; nothing is decoded before `records()` is walked. */
export class FetchedBatches implements FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly error?: ClientError
  readonly nextOffset: number
  readonly leaderEpoch: number
  readonly truncatedTo?: number
  readonly endOffset: number
  readonly logStartOffset: number
  private readonly bytes: Buffer
  private readonly from: number
  private readonly aborted: readonly AbortedTransaction[] | null
  private readonly maxDecompressedBytes: number
  private response: SharedResponse | undefined

  constructor(fields: FetchedBatchesFields) {
    this.topic = fields.topic
    this.partition = fields.partition
    if (fields.error) this.error = fields.error
    this.nextOffset = fields.nextOffset
    this.leaderEpoch = fields.leaderEpoch
    if (fields.truncatedTo !== undefined) this.truncatedTo = fields.truncatedTo
    this.endOffset = fields.endOffset
    this.logStartOffset = fields.logStartOffset
    this.bytes = fields.bytes
    this.from = fields.from
    this.aborted = fields.aborted
    this.maxDecompressedBytes = fields.maxDecompressedBytes
    this.response = fields.response
    this.response?.join()
  }

  get sizeInBytes(): number {
    return this.bytes.length
  }

  records(): RecordCursor {
    const { topic, partition, bytes, from, aborted, maxDecompressedBytes } = this
    return new BatchCursor({ topic, partition, bytes, from, aborted, maxDecompressedBytes })
  }

  release(): void {
    this.response?.leave()
    this.response = undefined
  }
}
