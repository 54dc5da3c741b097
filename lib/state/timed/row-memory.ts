const MIB = 1 << 20

/** What the window and session stores of a processing loop keep in memory, together. */
const ROW_MEMORY_BYTES = 64 * MIB

/**
 * The memory that window and session stores share for their newest buckets. A store that needs more when it is used up
 * writes its own oldest buckets out, but keeps its share: idle stores may hold all of it.
 */
export class RowMemory {
  usedBytes = 0
  #stores = 0

  constructor(readonly maxBytes: number = ROW_MEMORY_BYTES) {}

  join(): void {
    this.#stores++
  }

  leave(bytes: number): void {
    this.#stores--
    this.usedBytes -= bytes
  }

  /** Whether a store that takes so much has to take less. */
  isExceededBy(bytes: number): boolean {
    return this.usedBytes > this.maxBytes && bytes * this.#stores > this.maxBytes
  }
}
