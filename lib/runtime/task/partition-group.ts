import { type FetchedPartition } from '../../kafka/port'
import type { Clock } from './clock'
import type { PartitionQueue } from './partition-queue'
import { PriorityQueue } from './priority-queue'
import { tpKey } from '../../record/topic-partition'

/**
 * Chooses a task's next record: the smallest timestamp at the head of a queue, ties as java.util.PriorityQueue breaks
 * them. While a queue is empty it may wait, so that records of several inputs meet in the order of their timestamps.
 */
export class PartitionGroup {
  private readonly byTp = new Map<string, PartitionQueue>()
  private readonly byTime = new PriorityQueue<PartitionQueue>((a, b) => a.headTimestamp < b.headTimestamp)
  /** Queues that were polled or filled since, in that order: their heads are decoded when the next record is wanted. */
  private unsettled: PartitionQueue[] = []

  constructor(
    readonly queues: PartitionQueue[],
    private readonly maxTaskIdleMs: number,
    private readonly clock: Clock,
  ) {
    for (const queue of queues) this.byTp.set(tpKey(queue.topic, queue.partition), queue)
  }

  addQueue(queue: PartitionQueue): void {
    this.queues.push(queue)
    this.byTp.set(tpKey(queue.topic, queue.partition), queue)
    // a single queue has not been in the heap
    for (const other of this.queues) if (!other.inHeap) this.settleLater(other)
  }

  queue(topic: string, partition: number): PartitionQueue | undefined {
    return this.byTp.get(tpKey(topic, partition))
  }

  add(queue: PartitionQueue, fetched: FetchedPartition): void {
    queue.add(fetched)
    if (!queue.inHeap) this.settleLater(queue)
  }

  /** The queue to take the next record of; `null` if there is none, or if another input is waited for. */
  next(): PartitionQueue | null {
    const { queues } = this
    if (queues.length === 1) return queues[0]!.load() ? queues[0]! : null
    this.settle()
    if (this.byTime.size === 0 || !this.isReady()) return null
    const queue = this.byTime.poll()!
    queue.inHeap = false
    this.settleLater(queue)
    return queue
  }

  private settleLater(queue: PartitionQueue): void {
    if (queue.awaitsHeap || this.queues.length === 1) return
    queue.awaitsHeap = true
    this.unsettled.push(queue)
  }

  private settle(): void {
    const { unsettled } = this
    let waiting = 0
    for (let i = 0; i < unsettled.length; i++) {
      const queue = unsettled[i]!
      if (queue.load()) {
        queue.awaitsHeap = false
        queue.inHeap = true
        this.byTime.offer(queue)
      } else if (queue.prepared !== undefined) {
        unsettled[waiting++] = queue
      } else {
        queue.awaitsHeap = false
      }
    }
    unsettled.length = waiting
  }

  /**
   * An empty queue is waited for while records of it are on the broker, and for `maxTaskIdle` after that (KIP-695).
   */
  private isReady(): boolean {
    const { queues, maxTaskIdleMs } = this
    if (maxTaskIdleMs < 0 || this.byTime.size === queues.length) {
      if (maxTaskIdleMs > 0) for (const queue of queues) queue.idleDeadline = undefined
      return true
    }
    let ready = true
    for (const queue of queues) {
      if (queue.inHeap) {
        queue.idleDeadline = undefined
      } else if (queue.lags) {
        queue.idleDeadline = undefined
        ready = false
      } else if (maxTaskIdleMs > 0) {
        const now = this.clock.now()
        queue.idleDeadline ??= now + maxTaskIdleMs
        if (now < queue.idleDeadline) ready = false
      }
    }
    return ready
  }
}
