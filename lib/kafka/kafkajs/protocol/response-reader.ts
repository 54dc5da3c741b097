import type { ResponseMemory } from './response-memory'

const LENGTH_BYTES = 4
/** The correlation id alone. */
const LEAST = 4
/** More than any response that was asked for. What is no Kafka broker, an HTTP server for example, seems to announce more. */
const MOST = 1024 * 1024 * 1024
/** A length is only what the other side says: memory for more than this follows what comes. */
const AT_ONCE = 4 * 1024 * 1024
const NOTHING = Buffer.alloc(0)

/**
 * Cuts what comes over a connection into responses, in whatever pieces it comes. The pieces of a response are copied to their place in it, and
 * are free at once: if they were kept until the last one comes, they would leave the engine's young generation, and only full garbage
 * collections would free them.
 */
export class ResponseReader {
  private length = 0
  private lengthBytes = 0
  /** Of the response that has come in part. */
  private left = 0
  private memory: Buffer = NOTHING
  private filled = 0

  /** `received` gets each response without its length. */
  constructor(
    private readonly responses: ResponseMemory,
    private readonly received: (response: Buffer) => void,
  ) {}

  /** Returns the first length that can't be one; undefined while all are good. */
  read(data: Buffer): number | undefined {
    for (let at = 0; at < data.length;) {
      if (this.left > 0) {
        at += this.take(data, at)
        continue
      }
      this.length = (this.length << 8) | data[at++]!
      if (++this.lengthBytes < LENGTH_BYTES) continue
      const { length } = this
      if (length < LEAST || length > MOST) return length
      this.length = this.lengthBytes = 0
      if (length > data.length - at) {
        this.left = length
      } else {
        this.received(data.subarray(at, at + length))
        at += length
      }
    }
    return undefined
  }

  /** Takes what belongs to the response, and returns how many bytes that is. */
  private take(data: Buffer, at: number): number {
    const bytes = Math.min(this.left, data.length - at)
    this.makeRoom(bytes)
    data.copy(this.memory, this.filled, at, at + bytes)
    this.filled += bytes
    this.left -= bytes
    if (this.left === 0) {
      const response = this.memory
      this.memory = NOTHING
      this.filled = 0
      this.received(response)
    }
    return bytes
  }

  private makeRoom(bytes: number): void {
    const needed = this.filled + bytes
    if (needed <= this.memory.length) return
    const larger = this.responses.allocate(Math.min(this.filled + this.left, Math.max(AT_ONCE, 2 * needed)))
    this.memory.copy(larger, 0, 0, this.filled)
    this.memory = larger
  }
}
