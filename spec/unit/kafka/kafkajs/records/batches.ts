import { crc32c } from '../../../../../lib/bytes/crc32c'
import { BatchBuilder, type FinishOptions } from '../../../../../lib/kafka/kafkajs/records/record-batch-encoder'
import { BatchCursor, type AbortedTransaction } from '../../../../../lib/kafka/kafkajs/records/record-batch-decoder'
import { NO_HEADERS } from '../../../../../lib/record/headers'

export interface BatchOptions extends FinishOptions {
  readonly baseOffset?: number
  readonly timestamp?: number
  /** what compaction has left of a longer batch */
  readonly lastOffsetDelta?: number
  readonly leaderEpoch?: number
}

/** A batch of these values as it would stand in the log at `baseOffset`. */
export const batchOf = (values: readonly string[], options: BatchOptions = {}): Buffer => {
  const { baseOffset = 0, timestamp = 1_000, lastOffsetDelta = values.length - 1, leaderEpoch = 0, ...finish } = options
  const builder = new BatchBuilder(64)
  for (const value of values) builder.append(null, Buffer.from(value), timestamp, NO_HEADERS)
  const batch = builder.finish(finish)
  batch.writeBigInt64BE(BigInt(baseOffset), 0)
  batch.writeInt32BE(leaderEpoch, 12)
  batch.writeInt32BE(lastOffsetDelta, 23)
  return sealed(batch)
}

const CONTROL = 0x20

/** The end of a transaction, as the coordinator writes it. */
export const markerOf = (type: 'commit' | 'abort', baseOffset: number, producerId: bigint): Buffer => {
  const builder = new BatchBuilder()
  builder.append(Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]), Buffer.from([0, 0, 0, 0, 0, 0]), 1_000, NO_HEADERS)
  const batch = builder.finish({ producerId, producerEpoch: 0, transactional: true })
  batch.writeBigInt64BE(BigInt(baseOffset), 0)
  batch.writeInt16BE(batch.readInt16BE(21) | CONTROL, 21)
  return sealed(batch)
}

/** With the CRC that it ought to have. */
export const sealed = (batch: Buffer): Buffer => {
  batch.writeUInt32BE(crc32c(batch, 21), 17)
  return batch
}

export const cursorOf = (
  bytes: Buffer | readonly Buffer[],
  { from = 0, aborted = null as readonly AbortedTransaction[] | null, maxDecompressedBytes = 1024 * 1024 } = {},
): BatchCursor =>
  new BatchCursor({
    topic: 't',
    partition: 3,
    bytes: Buffer.isBuffer(bytes) ? bytes : Buffer.concat(bytes),
    from,
    aborted,
    maxDecompressedBytes,
  })

/** offset:value of what is left. */
export const readAll = (cursor: BatchCursor): string[] => {
  const records: string[] = []
  while (cursor.advance()) records.push(`${cursor.offset}:${cursor.value}`)
  return records
}
