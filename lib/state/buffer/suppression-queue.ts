import type { ByteString } from '../../bytes/byte-string'
import type { BufferedChange } from './buffered-change'

/** A key in the queue: it keeps the position of its first update. */
export interface Queued {
  readonly time: number
  readonly key: ByteString
  /** Undefined: it is on disk. */
  change: BufferedChange | undefined
  /** On disk is an update of it: this one, or one before it. */
  stored: boolean
  /** Still in the heap, and skipped. */
  removed: boolean
}

/** How many removed keys the heap may have besides as many as are waiting. */
const REMOVED_KEPT = 64

/** Keys by time, then by their bytes: a binary heap, with an index of the keys. */
export class SuppressionQueue {
  readonly #byKey = new Map<ByteString, Queued>()
  readonly #heap: Queued[] = []

  get size(): number {
    return this.#byKey.size
  }

  /** In no order. */
  [Symbol.iterator](): Iterator<Queued> {
    return this.#byKey.values()
  }

  get(key: ByteString): Queued | undefined {
    return this.#byKey.get(key)
  }

  add(time: number, key: ByteString, change: BufferedChange | undefined): Queued {
    const queued: Queued = { time, key, change, stored: false, removed: false }
    this.#byKey.set(key, queued)
    this.#heap.push(queued)
    this.#up(this.#heap.length - 1)
    return queued
  }

  /** The next entry; undefined if the queue is empty. */
  get first(): Queued | undefined {
    while (this.#heap[0]?.removed) this.#pop()
    return this.#heap[0]
  }

  remove(queued: Queued): void {
    this.#byKey.delete(queued.key)
    queued.removed = true
    if (this.#heap.length > 2 * this.#byKey.size + REMOVED_KEPT) this.#dropRemoved()
  }

  /** A restore removes keys wherever they stand, once for each record of the changelog. */
  #dropRemoved(): void {
    let kept = 0
    for (const queued of this.#heap) if (!queued.removed) this.#heap[kept++] = queued
    this.#heap.length = kept
    // sorted, they are a heap
    this.#heap.sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  clear(): void {
    this.#byKey.clear()
    this.#heap.length = 0
  }

  #pop(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down()
  }

  #up(start: number): void {
    const heap = this.#heap
    for (let at = start; at > 0;) {
      const parent = (at - 1) >>> 1
      if (!isBefore(heap[at]!, heap[parent]!)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #down(): void {
    const heap = this.#heap
    for (let at = 0; ;) {
      const left = 2 * at + 1
      const right = left + 1
      let least = at
      if (left < heap.length && isBefore(heap[left]!, heap[least]!)) least = left
      if (right < heap.length && isBefore(heap[right]!, heap[least]!)) least = right
      if (least === at) return
      this.#swap(at, least)
      at = least
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    const moved = heap[a]!
    heap[a] = heap[b]!
    heap[b] = moved
  }
}

const isBefore = (a: Queued, b: Queued): boolean => a.time < b.time || (a.time === b.time && a.key < b.key)
