import type { RecordContext } from '../../record/record-context'
import type { TaskId } from '../../record/task-id'
import type { HeldRecord } from '../../state/pending/pending-store'
import type { BatchRecord } from '../callbacks'

/** The offsets of one input partition that a batch has records of. */
export interface BatchOffsets {
  /** The topic that the records were read from. */
  readonly topic: string
  /** The partition. */
  readonly partition: number
  /** The smallest offset. */
  readonly first: number
  /** The largest offset. */
  readonly last: number
}

/** What a `forEachBatch` action gets to know besides the records. */
export interface BatchMeta {
  /**
   * The task, the offsets, and how many records came before, such as `0_3:orders-3@120-219#120`: no two batches of an operator have the
   * same, and a batch that is repeated has its own again.
   */
  readonly id: string
  /** The task that the batch belongs to. */
  readonly taskId: TaskId
  /** The offsets of the records, by input partition. */
  readonly offsets: readonly BatchOffsets[]
  /** Aborted when this attempt has timed out, when the task moves to another instance, and on `close()`. */
  readonly signal: AbortSignal
  /** Which call for this batch this is, by this run of the task: 1, and more when it is repeated. */
  readonly attempt: number
}

/** Writes a batch somewhere. Its promise is awaited before the next batch of the task. */
export type BatchAction<K, V> = (
  records: ReadonlyArray<BatchRecord<K, V>>,
  batch: BatchMeta,
) => void | PromiseLike<void>

/** Records that are, and stay, together. */
export class Batch {
  readonly offsets: readonly BatchOffsets[]

  constructor(
    taskId: TaskId,
    readonly held: readonly HeldRecord<unknown, unknown>[],
  ) {
    this.offsets = offsetsOf(held)
    const ranges = this.offsets.map(({ topic, partition, first, last }) => `${topic}-${partition}@${first}-${last}`)
    // the offsets alone may be those of another batch: one record can lead to several at different times, and a punctuation has none
    this.id = `${taskId}:${ranges.join(',')}#${held[0]!.sequence}`
  }

  readonly id: string

  /** The sequence of its last record. */
  get last(): number {
    return this.held.at(-1)!.sequence
  }

  get records(): BatchRecord<unknown, unknown>[] {
    return this.held.map(({ key, value, context }) => ({ ...context, key, value }))
  }
}

/** Where a batch of at least `size` ends: the records that one input record has led to at once stay together. */
export const batchEnd = (held: readonly HeldRecord<unknown, unknown>[], size: number): number => {
  let end = size
  while (end < held.length && isSameOrigin(held[end - 1]!.context, held[end]!.context)) end++
  return end
}

const isSameOrigin = (a: RecordContext, b: RecordContext): boolean =>
  a.topic !== null && a.topic === b.topic && a.partition === b.partition && a.offset === b.offset

const offsetsOf = (held: readonly HeldRecord<unknown, unknown>[]): BatchOffsets[] => {
  const found = new Map<string, { topic: string; partition: number; first: number; last: number }>()
  for (const { context } of held) {
    const { topic, partition, offset } = context
    if (topic === null) continue
    const key = `${topic}-${partition}`
    const range = found.get(key)
    if (range === undefined) found.set(key, { topic, partition, first: offset, last: offset })
    else {
      range.first = Math.min(range.first, offset)
      range.last = Math.max(range.last, offset)
    }
  }
  return [...found.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  )
}
