import type { PartitionLog } from './partition-log'
import { BatchBuilder, BatchReader, type StoredBatch } from './stored-batch'

/** How a topic is compacted. */
export interface CompactionOptions {
  /**
   * As if `delete.retention.ms` had passed: tombstones and transaction markers go as well. Default: false.
   */
  removeTombstones?: boolean
}

/**
 * What Kafka's log cleaner does to a partition: of each key only the last committed record stays, offsets stay what
 * they were. A batch that has lost all of its records stays, empty, while it is the last of its producer (the broker
 * keeps the producer's sequence in it) or the last of the log. Nothing from the first open transaction on is touched.
 */
export const compactPartition = (log: PartitionLog, options: CompactionOptions = {}): void => {
  const stable = log.lastStableOffset
  const latest = latestOffsets(log.batches, stable)
  const lastOfProducer = new Map<number, StoredBatch>()
  for (const batch of log.batches) lastOfProducer.set(batch.producerId, batch)

  const kept: StoredBatch[] = []
  const end = log.batches.at(-1)
  for (const batch of log.batches) {
    if (batch.baseOffset >= stable) {
      kept.push(batch)
      continue
    }
    const needed = batch === end || lastOfProducer.get(batch.producerId) === batch
    if (batch.control) {
      if (needed || !options.removeTombstones) kept.push(batch)
      continue
    }
    const cleaned = keepLatest(batch, latest, options.removeTombstones ?? false)
    if (cleaned.recordCount > 0 || needed) kept.push(cleaned)
  }
  log.replaceBatches(kept)
}

/** Keys by their bytes (`latin1` maps each byte to one character), with the offset of the last committed record. */
const latestOffsets = (batches: readonly StoredBatch[], before: number): Map<string, number> => {
  const latest = new Map<string, number>()
  const reader = new BatchReader()
  for (const batch of batches) {
    if (batch.baseOffset >= before) break
    if (batch.aborted) continue
    reader.start(batch)
    while (reader.advance()) latest.set(keyOf(reader), reader.offset)
  }
  return latest
}

const keepLatest = (batch: StoredBatch, latest: Map<string, number>, removeTombstones: boolean): StoredBatch => {
  const builder = new BatchBuilder(Math.max(batch.bytes.length, 1))
  const reader = new BatchReader()
  reader.start(batch)
  while (!batch.aborted && reader.advance()) {
    const { value } = reader
    if (latest.get(keyOf(reader)) !== reader.offset || (removeTombstones && value === null)) continue
    builder.append(reader.offset - batch.baseOffset, reader.key, value, reader.timestamp, reader.headers())
  }
  if (builder.count === batch.recordCount) return batch
  return { ...batch, ...builder.take() }
}

const keyOf = (reader: BatchReader): string => reader.key?.toString('latin1') ?? ''
