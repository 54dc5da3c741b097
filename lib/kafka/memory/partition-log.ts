import { BATCH_OVERHEAD_BYTES, BatchReader, sizeOfBatch, type StoredBatch } from './stored-batch'

/** What a producer hands over to a partition. */
export interface AppendedBatch {
  readonly bytes: Buffer
  readonly recordCount: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly transactional: boolean
}

interface OpenTransaction {
  readonly firstOffset: number
  readonly batches: StoredBatch[]
}

/** One partition: batches by offset, with gaps where compaction was, and the transactions still open in it. */
export class PartitionLog {
  private stored: StoredBatch[] = []
  private start = 0
  private end = 0
  private size = 0
  /** By producer id, in the order of their first offsets, as a producer can have but one. */
  private readonly open = new Map<number, OpenTransaction>()
  private readonly watchers = new Set<() => void>()
  private isDeleted = false

  get batches(): readonly StoredBatch[] {
    return this.stored
  }

  get logStartOffset(): number {
    return this.start
  }

  /** One replica: everything appended is replicated. */
  get highWatermark(): number {
    return this.end
  }

  /** Everything before it belongs to no transaction, or to an ended one. */
  get lastStableOffset(): number {
    for (const transaction of this.open.values()) return transaction.firstOffset
    return this.end
  }

  get sizeInBytes(): number {
    return this.size
  }

  /** The topic is gone; whoever watches learns of it by a last call. */
  get deleted(): boolean {
    return this.isDeleted
  }

  /** Takes the bytes over (the producer has copied them). Returns the offset of the last record. */
  append(appended: AppendedBatch): number {
    const batch: StoredBatch = {
      ...appended,
      baseOffset: this.end,
      lastOffset: this.end + appended.recordCount - 1,
      control: null,
      aborted: false,
    }
    if (batch.transactional) {
      const transaction = this.open.get(batch.producerId)
      if (transaction) transaction.batches.push(batch)
      else this.open.set(batch.producerId, { firstOffset: batch.baseOffset, batches: [batch] })
    }
    this.push(batch)
    return batch.lastOffset
  }

  /** Writes the control record that ends a producer's transaction here. */
  endTransaction(producerId: number, producerEpoch: number, control: 'commit' | 'abort', timestamp: number): void {
    const transaction = this.open.get(producerId)
    this.open.delete(producerId)
    if (control === 'abort') for (const batch of transaction?.batches ?? []) batch.aborted = true
    this.push({
      baseOffset: this.end,
      lastOffset: this.end,
      recordCount: 0,
      bytes: Buffer.alloc(0),
      maxTimestamp: timestamp,
      producerId,
      producerEpoch,
      transactional: true,
      control,
      aborted: false,
    })
  }

  /** Batches from the one with `offset` on, up to `before`, about `maxBytes` of them but at least one if there is one. */
  read(offset: number, before: number, maxBytes: number): StoredBatch[] {
    const first = this.indexOf(offset)
    let last = first
    for (let size = 0; last < this.stored.length && size < maxBytes; last++) {
      const batch = this.stored[last]!
      if (batch.baseOffset >= before) break
      size += sizeOfBatch(batch)
      if (size > maxBytes && last > first) break
    }
    return this.stored.slice(first, last)
  }

  /** The first offset whose record has this timestamp or a later one, before `before`; undefined if there is none. */
  offsetAt(timestamp: number, before: number): number | undefined {
    const reader = new BatchReader()
    for (const batch of this.stored) {
      if (batch.baseOffset >= before) return undefined
      if (batch.maxTimestamp < timestamp || batch.control) continue
      reader.start(batch)
      while (reader.advance()) if (reader.timestamp >= timestamp && reader.offset >= this.start) return reader.offset
    }
    return undefined
  }

  /** Everything before `offset` is gone, whole batches at once freed. */
  deleteBefore(offset: number): void {
    if (offset <= this.start) return
    this.start = offset
    const keepFrom = this.indexOf(offset)
    for (const batch of this.stored.splice(0, keepFrom)) this.size -= sizeOfBatch(batch)
    this.notify()
  }

  /** Drops the oldest batches until at most `bytes` are left; the newest batch and open transactions stay. */
  retain(bytes: number): void {
    let drop = 0
    let size = this.size
    while (size > bytes && drop < this.stored.length - 1 && this.stored[drop]!.lastOffset < this.lastStableOffset) {
      size -= sizeOfBatch(this.stored[drop++]!)
    }
    if (drop > 0) this.deleteBefore(this.stored[drop]!.baseOffset)
  }

  /** What compaction left of the batches: same order, same end. */
  replaceBatches(batches: StoredBatch[]): void {
    this.stored = batches
    this.size = batches.reduce((size, batch) => size + sizeOfBatch(batch), 0)
  }

  delete(): void {
    this.isDeleted = true
    this.stored = []
    this.open.clear()
    this.notify()
    this.watchers.clear()
  }

  /** Called after each append and each change of the offsets at either end. */
  watch(watcher: () => void): void {
    this.watchers.add(watcher)
  }

  unwatch(watcher: () => void): void {
    this.watchers.delete(watcher)
  }

  private push(batch: StoredBatch): void {
    this.stored.push(batch)
    this.end = batch.lastOffset + 1
    this.size += BATCH_OVERHEAD_BYTES + batch.bytes.length
    this.notify()
  }

  private notify(): void {
    for (const watcher of this.watchers) watcher()
  }

  /** Index of the first batch that reaches up to `offset` or beyond. */
  private indexOf(offset: number): number {
    let low = 0
    let high = this.stored.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.stored[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
