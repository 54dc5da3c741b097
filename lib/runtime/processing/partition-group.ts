import { type FetchedPartition } from '../../kafka/port'
import type { Stat } from '../../observe/metrics/stat'
import type { Clock } from './clock'
import type { PartitionQueue } from './partition-queue'
import { PriorityQueue } from '../../collections/priority-queue'
import { tpKey } from '../../record/topic-partition'

/** A queue's part in the choice of the next record. */
interface Place {
  readonly queue: PartitionQueue
  inHeap: boolean
  awaitsHeap: boolean
  /** How long the task waits for this queue while it is empty. */
  idleDeadline: number | undefined
}

/**
 * Chooses a task's next record: the smallest timestamp at the head of a queue, ties as java.util.PriorityQueue breaks
 * them. While a queue is empty it may wait, so that records of several inputs are processed in timestamp order.
 */
export class PartitionGroup {
  readonly queues: PartitionQueue[] = []
  private readonly places: Place[] = []
  private readonly byTp = new Map<string, Place>()
  private readonly byTime = new PriorityQueue<Place>((a, b) => a.queue.headTimestamp < b.queue.headTimestamp)
  /** Queues that were polled and have more, or were filled since, in that order: their heads are decoded when the next record is wanted. */
  private unsettled: Place[] = []

  constructor(
    queues: readonly PartitionQueue[],
    private readonly maxTaskIdleMs: number,
    private readonly clock: Clock,
    /** Counts records that are processed although an input is empty. */
    private readonly enforced?: Stat,
  ) {
    for (const queue of queues) this.place(queue)
  }

  addQueue(queue: PartitionQueue): void {
    this.place(queue)
    // a single queue has not been in the heap
    for (const other of this.places) if (!other.inHeap) this.settleLater(other)
  }

  queue(topic: string, partition: number): PartitionQueue | undefined {
    return this.byTp.get(tpKey(topic, partition))?.queue
  }

  add(queue: PartitionQueue, fetched: FetchedPartition): void {
    queue.add(fetched)
    const place = this.placeOf(queue)
    if (!place.inHeap) this.settleLater(place)
  }

  /** Reading of a partition restarts at another offset. */
  reposition(queue: PartitionQueue, offset: number): void {
    if (queue.skipTo(offset)) return
    const place = this.placeOf(queue)
    if (place.inHeap) {
      place.inHeap = false
      const others: Place[] = []
      for (let other = this.byTime.poll(); other !== undefined; other = this.byTime.poll()) {
        if (other !== place) others.push(other)
      }
      for (const other of others) this.byTime.offer(other)
    }
    queue.reposition(offset)
  }

  /** The queue to take the next record from; `null` if there is none, or if another input is waited for. */
  next(): PartitionQueue | null {
    const { queues } = this
    if (queues.length === 1) return queues[0]!.load() ? queues[0]! : null
    this.settle()
    if (this.byTime.size === 0 || !this.isReady()) return null
    const place = this.byTime.poll()!
    place.inHeap = false
    // one that is empty now gets its place among equals by when it is filled again
    if (place.queue.hasMore) this.settleLater(place)
    return place.queue
  }

  private place(queue: PartitionQueue): void {
    const place = { queue, inHeap: false, awaitsHeap: false, idleDeadline: undefined }
    this.queues.push(queue)
    this.places.push(place)
    this.byTp.set(tpKey(queue.topic, queue.partition), place)
  }

  private placeOf(queue: PartitionQueue): Place {
    return this.byTp.get(tpKey(queue.topic, queue.partition))!
  }

  private settleLater(place: Place): void {
    if (place.awaitsHeap || this.places.length === 1) return
    place.awaitsHeap = true
    this.unsettled.push(place)
  }

  private settle(): void {
    const { unsettled } = this
    let waiting = 0
    for (let i = 0; i < unsettled.length; i++) {
      const place = unsettled[i]!
      if (place.queue.load()) {
        place.awaitsHeap = false
        place.inHeap = true
        this.byTime.offer(place)
      } else if (place.queue.prepared !== undefined) {
        unsettled[waiting++] = place
      } else {
        place.awaitsHeap = false
      }
    }
    // a length of 0 would give up the memory that the next record needs
    while (unsettled.length > waiting) unsettled.pop()
  }

  /**
   * An empty queue is waited for while records of it are on the broker, and for `maxTaskIdle`, or the `idleAfter` of
   * its source, after that (KIP-695).
   */
  private isReady(): boolean {
    const { places, maxTaskIdleMs } = this
    if (maxTaskIdleMs < 0 || this.byTime.size === places.length) {
      if (maxTaskIdleMs > 0) for (const place of places) place.idleDeadline = undefined
      return true
    }
    let ready = true
    for (const place of places) {
      if (place.inHeap) {
        place.idleDeadline = undefined
      } else if (place.queue.lags) {
        place.idleDeadline = undefined
        ready = false
      } else if (maxTaskIdleMs > 0) {
        const now = this.clock.now()
        place.idleDeadline ??= now + Math.min(maxTaskIdleMs, place.queue.source.idleAfterMs)
        if (now < place.idleDeadline) ready = false
      }
    }
    if (ready) this.enforced?.add(1)
    return ready
  }
}
