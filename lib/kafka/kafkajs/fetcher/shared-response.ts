import type { ResponseMemory } from '../protocol/response-memory'

/** A response, which is done with when everything that it has brought is: its records are views of it. */
export class SharedResponse {
  /** Who has made it is the first. */
  private users = 1

  constructor(
    private readonly bytes: ArrayBufferLike,
    private readonly memory: ResponseMemory,
  ) {}

  join(): void {
    this.users++
  }

  leave(): void {
    if (--this.users === 0) this.memory.release(this.bytes)
  }
}
