import { Fifo } from '../../collections/fifo'
import { PriorityQueue } from '../../collections/priority-queue'

/** A priority queue of what mostly comes in order: only what does not is worth a heap. */
export class MostlySortedQueue<T> {
  readonly #sorted = new Fifo<T>()
  readonly #late: PriorityQueue<T>
  #lastSorted: T | undefined

  constructor(private readonly less: (a: T, b: T) => boolean) {
    this.#late = new PriorityQueue(less)
  }

  offer(element: T): void {
    if (this.#sorted.size > 0 && this.less(element, this.#lastSorted!)) {
      this.#late.offer(element)
    } else {
      this.#sorted.push(element)
      this.#lastSorted = element
    }
  }

  peek(): T | undefined {
    return this.#isLateNext() ? this.#late.peek() : this.#sorted.first
  }

  poll(): T | undefined {
    return this.#isLateNext() ? this.#late.poll() : this.#sorted.shift()
  }

  #isLateNext(): boolean {
    const { first } = this.#sorted
    const late = this.#late.peek()
    return late !== undefined && (first === undefined || this.less(late, first))
  }
}
