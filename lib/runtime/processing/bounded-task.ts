import type { CommittedOffset } from '../../kafka/port'
import { tpKey } from '../../record/topic-partition'
import { decodeCommitMetadata, type TaskRest } from './commit-metadata'
import type { PartitionGroup } from './partition-group'

/** What a task of a bounded run knows of its end: whether it is at rest, which its commits say, and whether its windows are closed. */
export class BoundedTask {
  /** The positions of the inputs when windows were closed, by `tpKey`. */
  #closedAt: ReadonlyMap<string, number> | undefined
  /** Windows are being closed at this stream time. */
  #closingAt: number | undefined

  /** The inputs are at their first positions; `committed`: what the run starts from, by `tpKey`. */
  constructor(
    private readonly group: PartitionGroup,
    committed: ReadonlyMap<string, CommittedOffset>,
  ) {
    const wasClosed = group.queues.every(({ topic, partition }) => {
      const found = committed.get(tpKey(topic, partition))
      return found !== undefined && decodeCommitMetadata(found.metadata).rest === 'closed'
    })
    if (wasClosed) this.#closedAt = this.#positions
  }

  /**
   * Closes everything that records have left open. `closingTime` is that of a stream time; `advance` lets stream time pass, and returns
   * false while awaited work is in the way: then this does, too, and is to be called again.
   */
  closeWindows(closingTime: (streamTime: number) => number, advance: (to: number) => boolean): boolean {
    // of records, not of an earlier closing: else time would move with every run
    this.#closingAt ??= closingTime(Math.max(...this.group.queues.map(({ partitionTime }) => partitionTime)))
    if (this.#closingAt >= 0 && !advance(this.#closingAt)) return false
    this.#closingAt = undefined
    this.#closedAt = this.#positions
    return true
  }

  /** Nothing was processed since windows were closed. */
  get hasClosedWindows(): boolean {
    const closedAt = this.#closedAt
    return (
      closedAt !== undefined &&
      this.group.queues.every(({ topic, partition, position }) => closedAt.get(tpKey(topic, partition)) === position)
    )
  }

  /** While no asynchronous work is pending. */
  get rest(): TaskRest {
    return this.hasClosedWindows ? 'closed' : 'idle'
  }

  get #positions(): Map<string, number> {
    return new Map(this.group.queues.map(({ topic, partition, position }) => [tpKey(topic, partition), position]))
  }
}
