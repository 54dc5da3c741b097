/**
 * java.util.PriorityQueue, array by array: which of two equal elements comes first is part of what Kafka Streams does
 * with records of equal timestamps and punctuations due together.
 */
export class PriorityQueue<T> {
  private readonly heap: T[] = []

  constructor(private readonly less: (a: T, b: T) => boolean) {}

  get size(): number {
    return this.heap.length
  }

  peek(): T | undefined {
    return this.heap[0]
  }

  /** Moves up while strictly smaller than the parent. */
  offer(element: T): void {
    const { heap, less } = this
    let at = heap.length
    heap.push(element)
    while (at > 0) {
      const above = (at - 1) >>> 1
      const parent = heap[above]!
      if (!less(element, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = element
  }

  /** The last element moves down from the root; the right child is taken only if strictly smaller than the left one. */
  poll(): T | undefined {
    const { heap, less } = this
    const root = heap[0]
    const last = heap.pop()
    const length = heap.length
    if (length === 0 || last === undefined) return root
    let at = 0
    for (let below = 1; below < length; below = 2 * at + 1) {
      const right = below + 1
      if (right < length && less(heap[right]!, heap[below]!)) below = right
      const child = heap[below]!
      if (!less(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return root
  }
}
