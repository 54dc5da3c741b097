import { brokerError, unknownPartition } from './broker-error'
import { compactPartition } from './compaction'
import { PartitionLog, type AppendedBatch } from './partition-log'
import { BATCH_OVERHEAD_BYTES, BatchReader } from './stored-batch'
import type { TopicConfig } from './topic-config'

/** A compacted partition is cleaned when it has outgrown twice its clean size, but never below this. */
const AUTO_COMPACT_BYTES = 16 * 1024 * 1024

export class MemoryTopic {
  readonly partitions: PartitionLog[] = []
  private readonly cleanSizes: number[] = []

  constructor(
    readonly name: string,
    partitions: number,
    readonly config: TopicConfig,
  ) {
    this.grow(partitions)
  }

  grow(partitions: number): void {
    while (this.partitions.length < partitions) this.partitions.push(new PartitionLog())
  }

  partition(partition: number): PartitionLog {
    const log = this.partitions[partition]
    if (!log) throw unknownPartition(this.name, partition)
    return log
  }

  /** Returns the offset of the last record. Refuses what a broker refuses: oversized batches, compacted records without a key. */
  append(partition: number, batch: AppendedBatch): number {
    const log = this.partition(partition)
    this.validate(partition, batch)
    const lastOffset = log.append(batch)
    if (this.config.compacted) this.compactIfDirty(partition, log)
    if (log.sizeInBytes > this.config.retentionBytes) log.retain(this.config.retentionBytes)
    return lastOffset
  }

  private validate(partition: number, batch: AppendedBatch): void {
    const where = { topic: this.name, partition }
    const size = BATCH_OVERHEAD_BYTES + batch.bytes.length
    if (size > this.config.maxMessageBytes) {
      throw brokerError(
        'MESSAGE_TOO_LARGE',
        `A batch of ${size} bytes for ${this.name}-${partition} is above the topic's max.message.bytes (${this.config.maxMessageBytes})`,
        where,
      )
    }
    if (this.config.compacted && hasNullKey(batch)) {
      throw brokerError(
        'INVALID_RECORD',
        `A record without a key for the compacted topic ${this.name}-${partition}`,
        where,
      )
    }
  }

  private compactIfDirty(partition: number, log: PartitionLog): void {
    if (log.sizeInBytes < AUTO_COMPACT_BYTES || log.sizeInBytes < 2 * (this.cleanSizes[partition] ?? 0)) return
    compactPartition(log)
    this.cleanSizes[partition] = log.sizeInBytes
  }
}

const hasNullKey = (batch: AppendedBatch): boolean => {
  const reader = new BatchReader()
  reader.start({ bytes: batch.bytes, baseOffset: 0 })
  while (reader.advance()) if (!reader.hasKey) return true
  return false
}
