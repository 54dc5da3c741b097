const KIB = 1024
/** Of a response in memory that is used again: a smaller one costs little, and a larger one is rare. */
const SMALLEST = 64 * KIB
const LARGEST = 4096 * KIB
/** Sizes are rounded up to it, so that the memory of one response fits the next. */
const STEP = 256 * KIB
/** More is not needed while as much is released as is allocated. */
const MOST_FREE = 4

/**
 * The memory of responses. What is released is used again: the engine counts memory outside of its heap too, and would run a full
 * garbage collection for every few responses. What never is released, the garbage collector gets.
 */
export class ResponseMemory {
  private readonly free: Buffer[] = []
  /** What may come back: a small response lies in memory that it shares with others. */
  private readonly lent = new WeakMap<ArrayBufferLike, Buffer>()

  allocate(length: number): Buffer {
    if (length < SMALLEST || length > LARGEST) return Buffer.allocUnsafeSlow(length)
    const memory = this.takeFree(length) ?? Buffer.allocUnsafeSlow(Math.ceil(length / STEP) * STEP)
    this.lent.set(memory.buffer, memory)
    return memory.subarray(0, length)
  }

  /** Nothing refers to what lies in it any more. */
  release(buffer: ArrayBufferLike): void {
    const memory = this.lent.get(buffer)
    if (memory === undefined) return
    this.lent.delete(buffer)
    this.free.push(memory)
    if (this.free.length > MOST_FREE) this.free.shift()
  }

  private takeFree(length: number): Buffer | undefined {
    const index = this.free.findLastIndex((memory) => memory.length >= length)
    return index < 0 ? undefined : this.free.splice(index, 1)[0]
  }
}
