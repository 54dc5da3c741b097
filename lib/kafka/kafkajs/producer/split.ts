import type { Compression } from '../../port'
import { CODEC_IDS } from '../records/compression'
import { ProducerBatch } from './batch'
import { sequenceAfter, type PartitionBuffer } from './partition-buffer'
import { ATTRIBUTES_AT, COMPRESSION_MASK } from '../records/record-batch'
import { BatchCursor } from '../records/record-batch-decoder'
import { BatchBuilder } from '../records/record-batch-encoder'

/** Two batches with the records and the sequence numbers of one that the broker has found too large. */
export const splitBatch = (
  { topic, partition, identity }: PartitionBuffer,
  batch: ProducerBatch,
  transactional: boolean,
): [ProducerBatch, ProducerBatch] => {
  // what this producer has compressed itself needs no limit
  const source = { bytes: batch.bytes, from: 0, aborted: null, maxDecompressedBytes: Infinity }
  const records = new BatchCursor({ topic, partition, ...source })
  const compression = compressionOf(batch.bytes)
  const { createdAt } = batch
  const take = (recordCount: number, baseSequence: number, size: number): ProducerBatch => {
    const builder = new BatchBuilder(batch.bytes.length)
    for (let i = 0; i < recordCount && records.advance(); i++) {
      builder.append(records.key, records.value, records.timestamp, records.headers())
    }
    const bytes = builder.finish({ ...identity, baseSequence, transactional, compression })
    return new ProducerBatch({ bytes, recordCount, baseSequence, size, createdAt, builder: undefined })
  }
  const half = batch.recordCount >>> 1
  const size = batch.size >>> 1
  const first = take(half, batch.baseSequence, size)
  return [first, take(batch.recordCount - half, sequenceAfter(batch.baseSequence, half), batch.size - size)]
}

const compressionOf = (bytes: Buffer): Compression => {
  const id = bytes.readInt16BE(ATTRIBUTES_AT) & COMPRESSION_MASK
  const names = Object.keys(CODEC_IDS) as Compression[]
  return names.find((name) => CODEC_IDS[name] === id)!
}
