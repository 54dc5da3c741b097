import type { RecordCursor } from '../port'
import { BatchReader, type StoredBatch } from './stored-batch'
import type { RecordHeaders } from '../../record/headers'

/** The records of some batches, from an offset on. */
export class BatchCursor implements RecordCursor {
  private readonly reader = new BatchReader()
  private nextBatch = 0
  producerId = -1
  readonly leaderEpoch = -1

  constructor(
    private readonly batches: readonly StoredBatch[],
    private readonly fromOffset: number,
    private readonly skipAborted: boolean,
  ) {}

  advance(): boolean {
    const { reader } = this
    for (;;) {
      while (reader.advance()) if (reader.offset >= this.fromOffset) return true
      const batch = this.batches[this.nextBatch++]
      if (!batch) return false
      if (batch.aborted && this.skipAborted) continue
      this.producerId = batch.transactional ? -1 : batch.producerId
      reader.start(batch)
    }
  }

  get offset(): number {
    return this.reader.offset
  }

  get timestamp(): number {
    return this.reader.timestamp
  }

  get bytes(): Buffer {
    return this.reader.bytes
  }

  get keyStart(): number {
    return this.reader.keyStart
  }

  get keyLength(): number {
    return this.reader.keyLength
  }

  get valueStart(): number {
    return this.reader.valueStart
  }

  get valueLength(): number {
    return this.reader.valueLength
  }

  get key(): Buffer | null {
    return this.reader.key
  }

  get value(): Buffer | null {
    return this.reader.value
  }

  headers(): RecordHeaders {
    return this.reader.headers()
  }
}
